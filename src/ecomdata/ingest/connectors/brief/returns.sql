select
    order_id,
    product_id,
    quantity,
    refund_amount,
    return_date,
    return_id,
    reason,
    customer_id,
    _file,
    _line
from returns
