{# On Spark, tables are files that nothing can be changed in: whatever a model is elsewhere, there it
   is a table that is made anew, in the folder of the build (docs/decisions/0020). #}

{% materialization incremental, adapter='spark' %}
    {{ return(materialization_table_spark()) }}
{% endmaterialization %}

{% materialization view, adapter='spark' %}
    {{ return(materialization_table_spark()) }}
{% endmaterialization %}

{# A contract's types, by Spark's names for them. #}
{% macro spark__get_empty_schema_sql(columns) -%}
    {%- set names = {'text': 'string', 'double precision': 'double'} -%}
    {%- set renamed = {} -%}
    {%- for name, column in columns.items() -%}
        {%- set kind = names.get(column['data_type'], column['data_type']) -%}
        {%- do renamed.update({name: dict(column, data_type=kind)}) -%}
    {%- endfor -%}
    {{ default__get_empty_schema_sql(renamed) }}
{%- endmacro %}
