with

returns_numbered as (

    -- Numbered among their like, so that a later export that holds them again restates them.
    select
        *,
        concat_ws(
            '-', 'return', filled(return_date), filled(territory_key), filled(product_key),
            row_number() over (
                partition by filled(return_date), filled(territory_key), filled(product_key)
                order by _file, _line
            )
        ) as return_id
    from returns

)

select
    returns_numbered.return_id as order_id,
    returns_numbered.product_key as product_id,
    returns_numbered.return_quantity as quantity,
    money(
        cents(amount(returns_numbered.return_quantity, returns_numbered._file) * prices.price)
    ) as refund_amount,
    returns_numbered.return_date,
    returns_numbered.return_id,
    returns_numbered._file,
    returns_numbered._line
from returns_numbered
left join prices on filled(returns_numbered.product_key) = prices.product_key
