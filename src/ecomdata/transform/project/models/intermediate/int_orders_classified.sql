{{ replaces_changed(
    {
        'changed_orders': {'order_id': 'order_id'},
        'changed_buyers': {'customer_id': 'customer_id'},
    },
    indexes={'order_id': 'hash'},
    month_of='order_date',
) }}
{%- set changed_orders = changed_keys(['changed_orders', 'order_id']) -%}
{%- set changed_buyers = changed_keys(['changed_buyers', 'customer_id']) %}

with

orders as (

    select * from {{ ref('stg_orders') }}
    {% if only_changes() %}
    where
        order_id in ({{ changed_orders }})
        or order_id in (
            select known.order_id
            from {{ this }} as known
            where known.customer_id in ({{ changed_buyers }})
        )
    {% endif %}

),

lines_summed_to_order as (

    select
        order_id,
        min({{ bytewise('customer_id') }}) as customer_id,
        min(ordered_at) as ordered_at,
        min(order_date) as order_date,
        bool_and(is_cancelled) as is_cancelled
    from orders
    group by order_id

),

earlier_orders_found as (

    {# The latest day of earlier orders is that of the previous one. #}
    select
        *,
        max(case when not is_cancelled then order_date end) over (
            partition by customer_id
            order by ordered_at, {{ bytewise('order_id') }}
            rows between unbounded preceding and 1 preceding
        ) as previous_order_date
    from lines_summed_to_order

),

orders_classified as (

    select
        order_id,
        customer_id,
        order_date,
        ordered_at,
        is_cancelled,
        case
            when customer_id is null then 'guest'
            when previous_order_date is null then 'new'
            else 'returning'
        end as customer_type,
        case
            when customer_id is not null and not is_cancelled
                then {{ days_between('previous_order_date', 'order_date') }}
        end as days_since_previous_order
    from earlier_orders_found

)

select * from orders_classified
