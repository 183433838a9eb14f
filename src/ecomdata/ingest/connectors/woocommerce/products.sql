with

products_listed as (

    select
        coalesce(filled(sku), filled(name)) as product_id,
        filled(name) as product_name,
        filled(categories) as category,
        regular_price as price,
        cost as unit_cost,
        _file,
        _line
    from products

),

products_sold as (

    select
        product_id,
        arg_max(filled(item_name), (_file, _line)) as product_name,
        arg_max(filled(category), (_file, _line)) as category,
        arg_max(_file, (_file, _line)) as _file,
        arg_max(_line, (_file, _line)) as _line
    from lines
    where product_id is not null
    group by product_id

)

select * from products_listed
union all by name
select *
from products_sold
where product_id not in (
    select product_id from products_listed where product_id is not null
)
