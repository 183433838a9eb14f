with

products_summed as (

    select
        filled(product_id) as product_id,
        arg_max(filled(product_name), (_file, _line)) as product_name,
        arg_max(filled(category), (_file, _line)) as category,
        sum(amount(sales, _file) - amount(profit, _file)) filter (
            where amount(quantity, _file) > 0
        ) as cost,
        sum(amount(quantity, _file)) filter (
            where amount(sales, _file) - amount(profit, _file) is not null
        ) as units,
        arg_max(_file, (_file, _line)) as _file,
        arg_max(_line, (_file, _line)) as _line
    from lines
    where filled(product_id) is not null
    group by filled(product_id)

)

select
    product_id,
    product_name,
    category,
    case
        when units > 0 and cost >= 0
            then cast(
                cast(divided(cast(cost * 10000 as hugeint), cast(units as hugeint)) as decimal(14, 0))
                * 0.0001 as text
            )
    end as unit_cost,
    _file,
    _line
from products_summed
