select
    order_id,
    buyer_id as customer_id,
    product_id,
    units as quantity,
    coalesce(money(total_cents), filled(line_total), item_cost) as total_price,
    ordered_at as order_date,
    item_number as line_number,
    case when discount_cents >= 0 then money(discount_cents) end as discount_amount,
    order_status as status,
    order_currency as currency,
    order_channel as channel,
    _file,
    _line
from lines
