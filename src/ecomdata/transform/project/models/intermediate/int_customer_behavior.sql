{{ config(materialized='view') }}

with

customers as (

    select * from {{ ref('int_customers_summed') }}

),

orders as (

    select * from {{ ref('int_orders_classified') }}

),

ledger as (

    select * from {{ ref('int_revenue_ledger') }}

),

gaps_counted as (

    select
        days_since_previous_order as gap_days,
        count(*) as gaps
    from orders
    where days_since_previous_order is not null
    group by days_since_previous_order

),

gaps_accumulated as (

    select
        gap_days,
        sum(gaps) over (order by gap_days) as gaps_up_to_this,
        sum(gaps) over () as all_gaps
    from gaps_counted

),

churn_thresholds as (

    {# One row always, NULL without a gap. The 90th percentile by whole numbers: every engine's
       own is a product of floating point. #}
    select min(gap_days) as churn_threshold_days
    from gaps_accumulated
    where 10 * gaps_up_to_this >= 9 * all_gaps

),

last_days as (

    select max(entry_date) as last_day from ledger

),

customers_dated as (

    select
        customers.customer_id,
        customers.is_known,
        customers.country,
        customers.signup_date,
        customers.first_order_date,
        customers.last_order_date,
        customers.median_days_between_orders,
        churn_thresholds.churn_threshold_days,
        {{ days_between('customers.last_order_date', 'last_days.last_day') }}
            as days_since_last_order,
        customers.orders,
        customers.units,
        customers.gross_sales,
        customers.discounts,
        customers.returns,
        customers.cancellations,
        customers.net_sales
    from customers
    cross join churn_thresholds
    cross join last_days

),

churn_judged as (

    select
        *,
        case when orders >= 2 then days_since_last_order > churn_threshold_days end as is_churned
    from customers_dated

)

select * from churn_judged
