{# The customers of whom a record came, went or counts otherwise, and '' for records without one. #}
{%- set base_customers = as_last_built('staging', 'base_customers') -%}

{% if only_changes() %}
with

keys_noted as (

    select coalesce({{ trimmed('customers.customer_id') }}, '') as customer_id
    from {{ source('raw', 'customers') }} as customers
    where {{ of_changed_files('customers') }}
    union
    select coalesce(base_customers.customer_id, '') as customer_id
    from {{ base_customers }} as base_customers
    where {{ of_changed_files('base_customers') }}

)

select customer_id
from keys_noted
except
select customer_id from {{ this }}
{% else %}
select cast(null as {{ text_type() }}) as customer_id
where 1 = 0
{% endif %}
