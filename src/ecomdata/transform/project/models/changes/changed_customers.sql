{# The customers of whom a record came, went or counts otherwise, and '' where records without one
   went: there is nothing to replace by those that came. #}
{%- set base_customers = as_last_built('staging', 'base_customers') -%}

{% if only_changes() %}
with

keys_noted as (

    select {{ trimmed('customers.customer_id') }} as customer_id
    from {{ source('raw', 'customers') }} as customers
    where {{ of_changed_files('customers') }}
    union
    select coalesce(base_customers.customer_id, '') as customer_id
    from {{ base_customers }} as base_customers
    where {{ of_changed_files('base_customers') }}

)

select customer_id
from keys_noted
where customer_id is not null
except
select customer_id from {{ this }}
{% else %}
select cast(null as {{ text_type() }}) as customer_id
where 1 = 0
{% endif %}
