{# The customers whose figures are made anew: of whom an order changed. `stg_customers` adds those
   of whom it says otherwise, the ledger those of entries that came, went or are other ones. #}
{%- set changed_buyers = changed_keys(['changed_buyers', 'customer_id']) -%}

{% if only_changes() %}
{{ changed_buyers }}
except
select customer_id from {{ this }}
{% else %}
select cast(null as {{ text_type() }}) as customer_id
where 1 = 0
{% endif %}
