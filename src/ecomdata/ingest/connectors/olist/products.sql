with

categories_translated as (

    select
        filled(product_category_name) as product_category_name,
        arg_max(filled(product_category_name_english), (_file, _line)) as english
    from translations
    group by filled(product_category_name)

)

select
    products.product_id,
    coalesce(categories_translated.english, filled(products.product_category_name)) as category,
    products._file,
    products._line
from products
left join categories_translated
    on filled(products.product_category_name) = categories_translated.product_category_name
