{# Invariant: every customer with an order is in one cohort, and up to the last month that is over
   the cells add up to the net sales of these customers, less the ledger's since then. (That those of
   all customers are the ledger's, every_model_has_the_ledgers_sales says: to look up each entry's
   customer took 2 of the 3 CPU s of all conservation tests.) A row is a total that differs. #}
with

customers as (

    select * from {{ ref('int_customer_behavior') }}

),

ledger as (

    select * from {{ ref('int_revenue_ledger') }}

),

cohorts as (

    select * from {{ ref('final_cohort_retention') }}

),

unfinished_months as (

    {# The first day that is in no finished month. Both engines keep a copy of a CTE that is read
       twice. #}
    select cast(date_trunc('month', max(entry_date) + 1) as date) as first_day
    from {{ ref('int_revenue_ledger') }}

),

customers_counted as (

    select count(*) as customers
    from customers
    where orders > 0

),

entries_since as (

    select
        ledger.customer_id,
        ledger.amount
    from ledger
    cross join unfinished_months
    where ledger.entry_date >= unfinished_months.first_day

),

cohorts_summed as (

    select
        coalesce(sum(case when months_since_first_order = 0 then cohort_size end), 0)
            as customers,
        coalesce(sum(net_sales), 0) as net_sales
    from cohorts

),

sales_since_summed as (

    select coalesce(sum(entries_since.amount), 0) as net_sales
    from entries_since
    inner join customers on entries_since.customer_id = customers.customer_id
    cross join unfinished_months
    where customers.first_order_date < unfinished_months.first_day

),

customers_summed as (

    select coalesce(sum(customers.net_sales), 0) as net_sales
    from customers
    cross join unfinished_months
    where customers.first_order_date < unfinished_months.first_day

),

totals_paired as (

    select
        'customers' as total,
        customers_counted.customers as expected,
        cohorts_summed.customers as found
    from customers_counted
    cross join cohorts_summed
    union all
    select
        'net sales' as total,
        customers_summed.net_sales - sales_since_summed.net_sales as expected,
        cohorts_summed.net_sales as found
    from customers_summed
    cross join sales_since_summed
    cross join cohorts_summed

)

select *
from totals_paired
where expected <> found
