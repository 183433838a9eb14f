{# The customers of changed orders, as the orders were and as they are: an order that comes late
   makes another one its customer's first. #}
{%- set orders = ref('stg_orders') -%}
{%- set orders_classified = as_last_built('intermediate', 'int_orders_classified') -%}
{%- set changed_orders = changed_keys(['changed_orders', 'order_id']) -%}

{% if only_changes() %}
with

keys_noted as (

    select customer_id
    from {{ orders }}
    where order_id in ({{ changed_orders }})
    union
    select customer_id
    from {{ orders_classified }}
    where order_id in ({{ changed_orders }})

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
