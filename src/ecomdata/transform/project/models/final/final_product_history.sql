with

products as (

    select * from {{ ref('base_products') }}

),

{{ versions_by_load(
    'products', 'product_id', ['product_name', 'category', 'price', 'unit_cost']
) }},

versions_described as (

    select
        product_id,
        cast(version_number as bigint) as version_number,
        product_name,
        coalesce(category, 'Unknown') as category,
        cast(price as numeric(18, 4)) as list_price,
        cast(unit_cost as numeric(18, 4)) as unit_cost,
        cast(_load_id as bigint) as valid_from_load_id,
        cast(next_load_id as bigint) as valid_to_load_id,
        next_load_id is null as is_current
    from versions

)

select * from versions_described
