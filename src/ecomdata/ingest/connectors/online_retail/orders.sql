select
    invoice as order_id,
    regexp_replace(trim(customer_id), '[.]0$', '') as customer_id,
    stock_code as product_id,
    quantity,
    coalesce(
        cast(
            try_cast(amount(quantity, _file) as decimal(15, 0)) * amount(unit_price, _file) as text
        ),
        unit_price
    ) as total_price,
    invoice_date as order_date,
    unit_price,
    _file,
    _line
from lines
where coalesce(upper(trim(invoice)), '') not like 'C%'
