{# How tables lie on the disk, where the engine leaves that to its user: PostgreSQL
   (docs/decisions/0022). #}

{# A hook behind each model: statistics of a table that was made anew. The next model reads it
   within seconds, long before PostgreSQL would collect any by itself. What a build of what changed
   adds to a table hardly changes them. #}
{% macro statistics_collected() -%}
    {{ adapter.dispatch('statistics_collected', 'ecomdata')() }}
{%- endmacro %}

{% macro default__statistics_collected() -%}
{%- endmacro %}

{% macro postgres__statistics_collected() -%}
    {%- if config.get('materialized') != 'view' and not is_incremental() -%}
        analyze {{ this }}
    {%- endif -%}
{%- endmacro %}
