{{ replaces_changed({'changed_accounts': {'customer_id': 'customer_id'}}) }}
{%- set changed_accounts = ['changed_accounts', 'customer_id'] %}

with

customers as (

    select * from {{ ref('int_customers_summed') }}
    {{ where_changed('customer_id', changed_accounts) }}

),

orders as (

    select * from {{ ref('int_orders_classified') }}
    {{ where_changed('customer_id', changed_accounts) }}

),

ledger as (

    select * from {{ ref('int_revenue_ledger') }}
    {{ where_changed('customer_id', changed_accounts) }}

),

customers_in_cohorts as (

    select
        customer_id,
        cast(date_trunc('month', first_order_date) as date) as cohort_month
    from customers
    where first_order_date is not null

),

orders_and_entries as (

    select
        customer_id,
        order_date as activity_date,
        1 as orders,
        0 as amount
    from orders
    where
        customer_id is not null
        and not is_cancelled
    union all
    select
        customer_id,
        entry_date as activity_date,
        0 as orders,
        amount
    from ledger
    where customer_id is not null

),

activities_summed_to_month as (

    select
        customer_id,
        cast(date_trunc('month', activity_date) as date) as activity_month,
        sum(orders) as orders,
        sum(amount) as net_sales
    from orders_and_entries
    group by customer_id, cast(date_trunc('month', activity_date) as date)

),

months_in_cohorts as (

    {# What is dated before the first order (a return whose order is not in the data) counts in
       the first month, so that the cells of a cohort add up to its sales. #}
    select
        customers_in_cohorts.customer_id,
        customers_in_cohorts.cohort_month,
        greatest(months.activity_month, customers_in_cohorts.cohort_month) as activity_month,
        cast(sum(months.orders) as bigint) as orders,
        cast(sum(months.net_sales) as numeric(18, 2)) as net_sales
    from activities_summed_to_month as months
    inner join customers_in_cohorts on months.customer_id = customers_in_cohorts.customer_id
    group by
        customers_in_cohorts.customer_id,
        customers_in_cohorts.cohort_month,
        greatest(months.activity_month, customers_in_cohorts.cohort_month)

)

select * from months_in_cohorts
