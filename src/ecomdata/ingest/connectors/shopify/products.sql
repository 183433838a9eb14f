with

variants as (

    -- A product's title stands on its first row; rows that only bear an image are no variant.
    select
        *,
        first_value(filled(title) ignore nulls) over in_product as product_title,
        coalesce(
            first_value(filled(type) ignore nulls) over in_product,
            first_value(filled(product_category) ignore nulls) over in_product
        ) as category,
        filled(concat_ws(
            ' / ', filled(nullif(option1_value, 'Default Title')), filled(option2_value),
            filled(option3_value)
        )) as options
    from products
    window in_product as (
        partition by _file, filled(handle) order by _line
        rows between unbounded preceding and unbounded following
    )

),

variants_named as (

    select
        *,
        concat_ws(' - ', product_title, options) as product_name,
        coalesce(
            filled(variant_sku), concat_ws(' - ', product_title, options)
        ) as product_id
    from variants
    where filled(variant_sku) is not null or filled(variant_price) is not null

),

products_listed as (

    select
        product_id,
        arg_max(product_name, (_file, _line)) as product_name,
        arg_max(category, (_file, _line)) as category,
        arg_max(variant_price, (_file, _line)) as price,
        arg_max(cost_per_item, (_file, _line)) as unit_cost,
        arg_max(_file, (_file, _line)) as _file,
        arg_max(_line, (_file, _line)) as _line
    from variants_named
    where filled(product_id) is not null
    group by product_id

),

products_sold as (

    select
        product_id,
        arg_max(filled(lineitem_name), (_file, _line)) as product_name,
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
where product_id not in (select product_id from products_listed)
