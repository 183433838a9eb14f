select
    filled(product_key) as product_key,
    arg_max(amount(product_price, _file), (_file, _line)) as price
from products
group by filled(product_key)
