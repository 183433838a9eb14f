{{ replaces_changed(
    {},
    notes={'changed_products': ['product_id']},
    told=['category', 'unit_cost'],
) }}
{# Nothing goes on before the share of refused records is checked. #}
-- depends_on: {{ ref('quarantine') }}
-- depends_on: {% if not execute %}{{ ref('changed_products') }}{% endif %}
with

products as (

    select * from {{ ref('base_products') }}

),

records_accepted as (

    select
        product_id,
        product_name,
        category,
        price,
        unit_cost,
        _load_id,
        _file,
        _line
    from products
    where
        rule is null
        and not is_superseded

)

select * from records_accepted
