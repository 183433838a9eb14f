select
    orders.order_number as order_id,
    orders.customer_key as customer_id,
    orders.product_key as product_id,
    orders.order_quantity as quantity,
    money(cents(amount(orders.order_quantity, orders._file) * prices.price)) as total_price,
    orders.order_date,
    orders.order_line_item as line_number,
    cast(prices.price as text) as unit_price,
    orders._file,
    orders._line
from orders
left join prices on filled(orders.product_key) = prices.product_key
