select
    order_id,
    product_id,
    case
        when amount(refunded_quantity, _file) <> 0
            then cast(cast(abs(amount(refunded_quantity, _file)) as bigint) as text)
        -- All money back is all units back.
        when refunded_cents = worth_cents then units
    end as quantity,
    money(refunded_cents) as refund_amount,
    order_id || '-refund-' || cast(place as text) as return_id,
    _file,
    _line
from lines
where refunded_cents > 0 and coalesce(order_status, '') <> 'cancelled'
