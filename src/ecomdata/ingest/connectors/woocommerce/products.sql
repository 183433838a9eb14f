with

parents as (

    select
        unnest([filled(sku), 'id:' || filled(id)]) as parent,
        filled(categories) as categories
    from products

),

parents_once as (

    select
        parent,
        max(categories) as categories
    from parents
    where parent is not null
    group by parent

),

products_listed as (

    -- A variation has the categories of its product, which it names by SKU or as "id:7".
    select
        coalesce(filled(products.sku), filled(products.name)) as product_id,
        filled(products.name) as product_name,
        coalesce(filled(products.categories), parents_once.categories) as category,
        products.regular_price as price,
        products.cost as unit_cost,
        products._file,
        products._line
    from products
    left join parents_once on filled(products.parent) = parents_once.parent

),

products_sold as (

    select
        product_id,
        arg_max(filled(item_name), (_file, _line)) as product_name,
        arg_max(filled(category), (_file, _line)) as category,
        arg_max(_file, (_file, _line)) as _file,
        arg_max(_line, (_file, _line)) as _line
    from lines
    where product_id <> 'unknown'
    group by product_id

)

select * from products_listed
union all by name
select *
from products_sold
where product_id not in (
    select product_id from products_listed where product_id is not null
)
