select
    stock_code as product_id,
    arg_max(trim(description), (_file, _line)) as product_name,
    arg_max(_file, (_file, _line)) as _file,
    arg_max(_line, (_file, _line)) as _line
from lines
where
    trim(description) <> ''
    and amount(unit_price, _file) > 0
group by stock_code
