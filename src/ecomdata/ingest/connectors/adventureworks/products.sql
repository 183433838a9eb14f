with

subcategories_described as (

    select
        filled(subcategories.product_subcategory_key) as product_subcategory_key,
        max(filled(categories.category_name)) as category_name
    from subcategories
    left join categories
        on filled(subcategories.product_category_key) = filled(categories.product_category_key)
    group by filled(subcategories.product_subcategory_key)

)

select
    products.product_key as product_id,
    products.product_name,
    subcategories_described.category_name as category,
    products.product_price as price,
    products.product_cost as unit_cost,
    products._file,
    products._line
from products
left join subcategories_described
    on filled(products.product_subcategory_key) = subcategories_described.product_subcategory_key
