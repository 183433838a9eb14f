select
    order_id,
    product_id,
    money(refunded_cents) as refund_amount,
    order_id || '-refund-' || cast(line_number as text) as return_id,
    _file,
    _line
from lines
where
    refunded_cents > 0
    and coalesce(order_status, '') not in ('cancelled', 'canceled', 'void', 'voided')
