{{ replaces_changed(
    {'changed_entries': {'order_id': 'order_id'}},
    notes={
        'changed_sales': ['entry_date', 'product_id'],
        'changed_accounts': ['customer_id'],
    },
    indexes={'order_id': 'hash', 'entry_date': 'btree'},
    month_of='entry_date',
) }}
{# No CTE of order lines: both engines keep a copy of what is read more than once. #}
{%- set orders = '(select * from ' ~ ref('stg_orders')
    ~ where_changed('order_id', ['changed_entries', 'order_id']) ~ ') as orders' -%}
-- depends_on: {% if not execute %}{{ ref('changed_sales') }}{% endif %}
-- depends_on: {% if not execute %}{{ ref('changed_accounts') }}{% endif %}
with

returns as (

    select * from {{ ref('stg_returns') }}
    {{ where_changed('order_id', ['changed_entries', 'order_id']) }}

),

orders_classified as (

    select * from {{ ref('int_orders_classified') }}
    {{ where_changed('order_id', ['changed_entries', 'order_id']) }}

),

customers as (

    select * from {{ ref('stg_customers') }}

),

products as (

    select * from {{ ref('stg_products') }}

),

products_repeated as (

    {# Few orders have a product on two lines: it counts by the first one. #}
    select
        order_id,
        product_id,
        min(line_number) as first_line_number
    from {{ orders }}
    group by order_id, product_id
    having count(*) > 1

),

sales as (

    select
        'sale' as entry_type,
        order_id,
        line_number,
        customer_id,
        product_id,
        order_date as entry_date,
        quantity,
        total_price + discount_amount as amount
    from {{ orders }}

),

discounts as (

    select
        'discount' as entry_type,
        order_id,
        line_number,
        customer_id,
        product_id,
        order_date as entry_date,
        0 as quantity,
        -discount_amount as amount
    from {{ orders }}
    where discount_amount > 0

),

cancellations as (

    {# The day of cancellation is in no export of the contract: the order's day. #}
    select
        'cancellation' as entry_type,
        order_id,
        line_number,
        customer_id,
        product_id,
        order_date as entry_date,
        -quantity as quantity,
        -total_price as amount
    from {{ orders }}
    where is_cancelled

),

refunds as (

    select
        'return' as entry_type,
        order_id,
        line_number,
        customer_id,
        product_id,
        return_date as entry_date,
        -quantity as quantity,
        -refund_amount as amount
    from returns

),

entries as (

    select * from sales
    union all
    select * from discounts
    union all
    select * from cancellations
    union all
    select * from refunds

),

entries_described as (

    select
        entries.order_id || ':' || entries.line_number || ':' || entries.entry_type as entry_id,
        entries.entry_type,
        entries.order_id,
        cast(entries.line_number as bigint) as line_number,
        entries.customer_id,
        entries.product_id,
        {{ country_of('customers') }} as country,
        entries.entry_date,
        cast(entries.quantity as bigint) as quantity,
        cast(entries.amount as numeric(18, 2)) as amount,
        {{ cost_of('entries.quantity', 'products') }} as cost_amount,
        {{ category_of('products') }} as category,
        coalesce(orders_classified.customer_type, 'unknown') as customer_type,
        coalesce(orders_classified.is_cancelled, false) as is_cancelled,
        cast(case
            when
                entries.entry_type = 'sale'
                and orders_classified.is_cancelled is not true
                and coalesce(products_repeated.first_line_number, entries.line_number)
                = entries.line_number
                then 1
            else 0
        end as bigint) as product_orders
    from entries
    left join products_repeated
        on
            entries.order_id = products_repeated.order_id
            and entries.product_id = products_repeated.product_id
    left join orders_classified on entries.order_id = orders_classified.order_id
    left join customers on entries.customer_id = customers.customer_id
    left join products on entries.product_id = products.product_id

)

select * from entries_described
