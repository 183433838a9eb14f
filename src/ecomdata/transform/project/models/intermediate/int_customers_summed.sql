{{ replaces_changed({'changed_accounts': {'customer_id': 'customer_id'}}) }}
{# Nothing here hangs on other customers or on the last day: that is int_customer_behavior's. #}
{%- set changed_accounts = ['changed_accounts', 'customer_id'] %}

with

customers as (

    select * from {{ ref('stg_customers') }}
    {{ where_changed('customer_id', changed_accounts) }}

),

ledger as (

    select * from {{ ref('int_revenue_ledger') }}
    {{ where_changed('customer_id', changed_accounts) }}

),

orders as (

    select * from {{ ref('int_orders_classified') }}
    {{ where_changed('customer_id', changed_accounts) }}

),

entries_summed_to_customer as (

    select
        customer_id,
        {{ sales_sums() }}
    from ledger
    where customer_id is not null
    group by customer_id

),

orders_summed_to_customer as (

    select
        customer_id,
        count(*) as orders,
        min(order_date) as first_order_date,
        max(order_date) as last_order_date,
        cast(
            percentile_cont(0.5) within group (
                order by days_since_previous_order
            ) as numeric(18, 1)
        ) as median_days_between_orders
    from orders
    where
        customer_id is not null
        and not is_cancelled
    group by customer_id

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
        cast(coalesce(orders_summed_to_customer.orders, 0) as bigint) as orders,
        cast(coalesce(entries_summed_to_customer.units, 0) as bigint) as units,
        cast(coalesce(entries_summed_to_customer.gross_sales, 0) as numeric(18, 2)) as gross_sales,
        cast(coalesce(entries_summed_to_customer.discounts, 0) as numeric(18, 2)) as discounts,
        cast(coalesce(entries_summed_to_customer.returns, 0) as numeric(18, 2)) as returns,
        cast(coalesce(entries_summed_to_customer.cancellations, 0) as numeric(18, 2))
            as cancellations,
        cast(coalesce(entries_summed_to_customer.net_sales, 0) as numeric(18, 2)) as net_sales
    from customer_ids
    left join customers on customer_ids.customer_id = customers.customer_id
    left join entries_summed_to_customer
        on customer_ids.customer_id = entries_summed_to_customer.customer_id
    left join orders_summed_to_customer
        on customer_ids.customer_id = orders_summed_to_customer.customer_id

)

select * from customers_described
