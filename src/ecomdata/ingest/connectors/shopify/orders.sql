select
    order_id,
    buyer_id as customer_id,
    product_id,
    lineitem_quantity as quantity,
    case when gross_cents >= 0 then money(paid_cents) else lineitem_price end as total_price,
    ordered_at as order_date,
    cast(line_number as text) as line_number,
    lineitem_price as unit_price,
    case
        when discount_text is not null and cents(amount(discount_text, _file)) is null
            then discount_text
        when discount_text is not null or has_line_discounts
            then money(greatest(gross_cents - paid_cents, 0))
    end as discount_amount,
    order_status as status,
    order_currency as currency,
    order_source as channel,
    _file,
    _line
from lines
