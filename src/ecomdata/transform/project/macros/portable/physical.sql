{# How tables lie on the disk, where the engine leaves that to its user: PostgreSQL
   (docs/decisions/0022). #}

{# A hook behind each model: statistics of a table that was made anew. The next model reads it
   within seconds, long before PostgreSQL would collect any by itself. What a build of what changed
   adds to a table hardly changes them, but for the tables of keys, which were empty. #}
{% macro statistics_collected() -%}
    {%- if config.get('materialized') != 'view'
        and (not is_incremental() or 'changes' in model.fqn) -%}
        {{ statistics_of(this) }}
    {%- endif -%}
{%- endmacro %}

{% macro statistics_of(relation) -%}
    {{ adapter.dispatch('statistics_of', 'ecomdata')(relation) }}
{%- endmacro %}

{% macro default__statistics_of(relation) -%}
{%- endmacro %}

{% macro postgres__statistics_of(relation) -%}
    analyze {{ relation }};
{%- endmacro %}

{# At the end of a step whose columns the next ones read more than once: PostgreSQL puts an
   expression in wherever its column is named, and computes it there each time. Ten steps of
   parsing took 87 microseconds a line so, and take 10 with this. #}
{% macro computed_once() -%}
    {{ adapter.dispatch('computed_once', 'ecomdata')() }}
{%- endmacro %}

{% macro default__computed_once() -%}
{%- endmacro %}

{% macro postgres__computed_once() -%}
    offset 0
{%- endmacro %}

{# An incremental model's indexes, {column: method}, as dbt takes them; where scans of columns are
   cheap, none. A hash takes texts of any length, which a B-tree refuses, but is slow to make where
   one key has most of the rows: none on customers. #}
{% macro indexes_wanted(indexes) -%}
    {{ return(adapter.dispatch('indexes_wanted', 'ecomdata')(indexes)) }}
{%- endmacro %}

{% macro default__indexes_wanted(indexes) -%}
    {{ return([]) }}
{%- endmacro %}

{% macro postgres__indexes_wanted(indexes) -%}
    {%- set wanted = [] -%}
    {%- for column, method in indexes.items() -%}
        {%- do wanted.append({'columns': [column], 'type': method}) -%}
    {%- endfor -%}
    {{ return(wanted) }}
{%- endmacro %}
