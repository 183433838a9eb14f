{# Invariant: every customer with an order is in one cohort, and up to the last month that is over
   the cells add up to the ledger's net sales of these customers. A row is a total that differs. #}
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

    {# The first day that is in no finished month. #}
    select cast(date_trunc('month', max(entry_date) + 1) as date) as first_day from ledger

),

customers_counted as (

    select count(*) as customers
    from customers
    where orders > 0

),

cohorts_summed as (

    select
        coalesce(sum(case when months_since_first_order = 0 then cohort_size end), 0)
            as customers,
        coalesce(sum(net_sales), 0) as net_sales
    from cohorts

),

ledger_summed as (

    select coalesce(sum(ledger.amount), 0) as net_sales
    from ledger
    inner join customers on ledger.customer_id = customers.customer_id
    cross join unfinished_months
    where
        customers.first_order_date < unfinished_months.first_day
        and ledger.entry_date < unfinished_months.first_day

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
        ledger_summed.net_sales as expected,
        cohorts_summed.net_sales as found
    from ledger_summed
    cross join cohorts_summed

)

select *
from totals_paired
where expected <> found
