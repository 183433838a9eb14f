{# What the loads can tell (meta.capabilities) as one row of has_<capability>, to be joined with what
   needs it: a subquery for each figure took three times as long. #}
{% macro capabilities_in_one_row(capabilities) -%}
    select
        {% for name in [
            'discounts', 'returns', 'returned_units', 'cancellations', 'customers', 'costs',
        ] -%}
            coalesce(bool_and(case when capability = '{{ name }}' then is_in_data end), true)
                as has_{{ name }}{{ "," if not loop.last }}
        {% endfor -%}
    from {{ capabilities }}
{%- endmacro %}

{# A figure where the loads can tell it, else NULL and no 0. Net sales need nothing but sales: what
   is not known of returns takes nothing away from them. #}
{% macro in_data(capability, figure) -%}
    case when has_{{ capability }} then {{ figure }} end
{%- endmacro %}

{# The columns of `sales_measures`, each where the loads can tell it. What is divided or added from
   these (`sales_ratios`) is NULL with them. PostgreSQL drops the scale from a CASE without ELSE. #}
{% macro sales_in_data() -%}
    gross_sales,
    cast({{ in_data('discounts', 'discounts') }} as numeric(18, 2)) as discounts,
    cast({{ in_data('returns', 'returns') }} as numeric(18, 2)) as returns,
    cast({{ in_data('cancellations', 'cancellations') }} as numeric(18, 2)) as cancellations,
    net_sales,
    orders,
    {{ in_data('customers', 'new_orders') }} as new_orders,
    {{ in_data('customers', 'returning_orders') }} as returning_orders,
    {{ in_data('customers', 'customers') }} as customers,
    units,
    units_sold,
    {{ in_data('returned_units', 'units_returned') }} as units_returned,
    cast({{ in_data('costs', 'cost_amount') }} as numeric(18, 2)) as cost_amount
{%- endmacro %}
