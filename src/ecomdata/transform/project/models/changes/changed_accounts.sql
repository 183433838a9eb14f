{# The customers whose figures are made anew: of whom a record or an order changed. The ledger adds
   those of entries that came, went or are other ones. #}
{%- set changed_customers = changed_keys(['changed_customers', 'customer_id']) -%}
{%- set changed_buyers = changed_keys(['changed_buyers', 'customer_id']) -%}

{% if only_changes() %}
with

keys_noted as (

    {{ changed_customers }}
    union
    {{ changed_buyers }}

)

select customer_id
from keys_noted
except
select customer_id from {{ this }}
{% else %}
select cast(null as {{ text_type() }}) as customer_id
where 1 = 0
{% endif %}
