with

orders_once as (

    select
        filled(order_id) as order_id,
        arg_max(filled(customer_id), (_file, _line)) as customer_id,
        arg_max(lower(filled(order_status)), (_file, _line)) as order_status,
        arg_max(order_purchase_timestamp, (_file, _line)) as order_date
    from orders
    group by filled(order_id)

),

persons as (

    select
        filled(customer_id) as customer_id,
        arg_max(filled(customer_unique_id), (_file, _line)) as customer_unique_id
    from customers
    group by filled(customer_id)

)

select
    items.order_id,
    coalesce(persons.customer_unique_id, orders_once.customer_id) as customer_id,
    items.product_id,
    '1' as quantity,
    items.price as total_price,
    orders_once.order_date,
    items.order_item_id as line_number,
    items.price as unit_price,
    case
        when orders_once.order_status = 'unavailable' then 'cancelled'
        else orders_once.order_status
    end as status,
    items._file,
    items._line
from items
left join orders_once on filled(items.order_id) = orders_once.order_id
left join persons on orders_once.customer_id = persons.customer_id
