select
    order_id,
    customer_id,
    product_id,
    quantity,
    total_price,
    order_date,
    line_number,
    unit_price,
    discount_amount,
    status,
    currency,
    channel,
    _file,
    _line
from orders
