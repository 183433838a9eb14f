select
    product_id,
    product_name,
    category,
    price,
    unit_cost,
    _file,
    _line
from products
