{# A customer's id as those may see it who see no personal data. Some platforms know their customers
   by e-mail address, telephone number or name alone: such an id is hashed with the warehouse's
   secret salt, so that no list of addresses can be tried. #}
{% macro public_customer_id(customer_id, salt) -%}
    case
        when {{ matches(customer_id, '@| |^[+]') }} then
            'hashed-' || left({{ sha256_of(salt ~ " || chr(31) || " ~ customer_id) }}, 16)
        else {{ customer_id }}
    end
{%- endmacro %}
