{# The products of which a record came, went or counts otherwise. #}
{%- set base_products = as_last_built('staging', 'base_products') -%}

{% if only_changes() %}
with

keys_noted as (

    select {{ trimmed_id('products.product_id') }} as product_id
    from {{ source('raw', 'products') }} as products
    where {{ of_changed_files('products') }}
    union
    select base_products.product_id
    from {{ base_products }} as base_products
    where {{ of_changed_files('base_products') }}

)

select product_id
from keys_noted
where product_id is not null
except
select product_id from {{ this }}
{% else %}
select cast(null as {{ text_type() }}) as product_id
where 1 = 0
{% endif %}
