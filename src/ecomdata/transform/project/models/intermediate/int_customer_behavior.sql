with

customers as (

    select * from {{ ref('stg_customers') }}

),

ledger as (

    select * from {{ ref('int_revenue_ledger') }}

),

orders as (

    select * from {{ ref('int_orders_classified') }}

),

entries_summed_to_customer as (

    select
        customer_id,
        {{ sales_measures() }}
    from ledger
    where customer_id is not null
    group by customer_id

),

orders_in_sequence as (

    select
        customer_id,
        order_date,
        lag(order_date) over (
            partition by customer_id
            order by ordered_at, {{ bytewise('order_id') }}
        ) as previous_order_date
    from orders
    where
        customer_id is not null
        and not is_cancelled

),

orders_summed_to_customer as (

    select
        customer_id,
        count(*) as orders,
        min(order_date) as first_order_date,
        max(order_date) as last_order_date,
        cast(
            percentile_cont(0.5) within group (
                order by {{ days_between('previous_order_date', 'order_date') }}
            ) as numeric(18, 1)
        ) as median_days_between_orders
    from orders_in_sequence
    group by customer_id

),

gaps_listed as (

    select {{ days_between('previous_order_date', 'order_date') }} as gap_days
    from orders_in_sequence
    where previous_order_date is not null

),

gaps_counted as (

    select
        gap_days,
        count(*) as gaps
    from gaps_listed
    group by gap_days

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

customer_ids as (

    select customer_id from customers
    union
    select customer_id from entries_summed_to_customer

),

customers_described as (

    select
        customer_ids.customer_id,
        customers.customer_id is not null as is_known,
        coalesce(customers.country, 'Unknown') as country,
        customers.signup_date,
        orders_summed_to_customer.first_order_date,
        orders_summed_to_customer.last_order_date,
        orders_summed_to_customer.median_days_between_orders,
        churn_thresholds.churn_threshold_days,
        {{ days_between('orders_summed_to_customer.last_order_date', 'last_days.last_day') }}
            as days_since_last_order,
        cast(coalesce(orders_summed_to_customer.orders, 0) as bigint) as orders,
        cast(coalesce(entries_summed_to_customer.units, 0) as bigint) as units,
        cast(coalesce(entries_summed_to_customer.gross_sales, 0) as numeric(18, 2)) as gross_sales,
        cast(coalesce(entries_summed_to_customer.discounts, 0) as numeric(18, 2)) as discounts,
        cast(coalesce(entries_summed_to_customer.returns, 0) as numeric(18, 2)) as returns,
        cast(coalesce(entries_summed_to_customer.cancellations, 0) as numeric(18, 2))
            as cancellations,
        cast(coalesce(entries_summed_to_customer.net_sales, 0) as numeric(18, 2)) as net_sales
    from customer_ids
    cross join churn_thresholds
    cross join last_days
    left join customers on customer_ids.customer_id = customers.customer_id
    left join entries_summed_to_customer
        on customer_ids.customer_id = entries_summed_to_customer.customer_id
    left join orders_summed_to_customer
        on customer_ids.customer_id = orders_summed_to_customer.customer_id

),

churn_judged as (

    select
        *,
        case when orders >= 2 then days_since_last_order > churn_threshold_days end as is_churned
    from customers_described

)

select * from churn_judged
