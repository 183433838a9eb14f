select
    invoice as order_id,
    stock_code as product_id,
    -- Returned units and money are written below zero here and above zero in the contract; what
    -- is no number goes on as it is, for staging to refuse.
    coalesce(
        cast(-try_cast(amount(quantity, _file) as decimal(15, 0)) as text), quantity
    ) as quantity,
    coalesce(
        cast(
            -try_cast(amount(quantity, _file) as decimal(15, 0)) * amount(unit_price, _file) as text
        ),
        unit_price
    ) as refund_amount,
    invoice_date as return_date,
    invoice as return_id,
    regexp_replace(trim(customer_id), '[.]0$', '') as customer_id,
    _file,
    _line
from lines
where upper(trim(invoice)) like 'C%'
