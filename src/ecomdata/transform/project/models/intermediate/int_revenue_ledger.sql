with

orders as (

    select * from {{ ref('stg_orders') }}

),

returns as (

    select * from {{ ref('stg_returns') }}

),

orders_classified as (

    select * from {{ ref('int_orders_classified') }}

),

customers as (

    select * from {{ ref('stg_customers') }}

),

products as (

    select * from {{ ref('stg_products') }}

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
        total_price + discount_amount as amount,
        -quantity as costed_quantity
    from orders

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
        -discount_amount as amount,
        0 as costed_quantity
    from orders
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
        -total_price as amount,
        quantity as costed_quantity
    from orders
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
        -refund_amount as amount,
        quantity as costed_quantity
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
        {{ hashed(['entries.order_id', 'entries.line_number', 'entries.entry_type']) }} as entry_id,
        entries.entry_type,
        entries.order_id,
        cast(entries.line_number as bigint) as line_number,
        entries.customer_id,
        entries.product_id,
        coalesce(customers.country, 'Unknown') as country,
        entries.entry_date,
        cast(entries.quantity as bigint) as quantity,
        cast(entries.amount as numeric(18, 2)) as amount,
        case
            when entries.costed_quantity = 0 then cast(0 as numeric(18, 2))
            else cast(entries.costed_quantity * products.unit_cost as numeric(18, 2))
        end as cost_amount,
        coalesce(products.category, 'Unknown') as category,
        coalesce(orders_classified.customer_type, 'unknown') as customer_type,
        coalesce(orders_classified.is_cancelled, false) as is_cancelled
    from entries
    left join orders_classified on entries.order_id = orders_classified.order_id
    left join customers on entries.customer_id = customers.customer_id
    left join products on entries.product_id = products.product_id

)

select * from entries_described
