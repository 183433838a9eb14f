{# On Spark, tables are files that nothing can be changed in: whatever a model is elsewhere, there it
   is a table that is made anew, in the folder of the build (docs/decisions/0020). #}

{% materialization incremental, adapter='spark' %}
    {{ return(materialization_table_spark()) }}
{% endmaterialization %}

{% materialization view, adapter='spark' %}
    {{ return(materialization_table_spark()) }}
{% endmaterialization %}
