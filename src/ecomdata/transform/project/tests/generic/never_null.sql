{# Invariant: none of these columns is ever NULL; one query for all, as each test costs dbt more
   than the database. A row is a column with the number of its NULLs. #}
{% test never_null(model, columns) %}

with counted as (

    select
        {% for column in columns -%}
            count(*) - count({{ column }}) as {{ column }}{{ "," if not loop.last }}
        {% endfor %}
    from {{ model }}

)

{% for column in columns -%}
select
    '{{ column }}' as column_name,
    {{ column }} as number_of_nulls
from counted
where {{ column }} > 0
{{ "union all" if not loop.last }}
{% endfor %}

{% endtest %}
