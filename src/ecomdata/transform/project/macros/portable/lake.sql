{# On Spark, tables are files that nothing can be changed in: whatever a model is elsewhere, there it
   is a table that is made anew, in the folder of the build (docs/decisions/0020). Where only what
   changed is to be made, nothing is computed of the other rows: large tables are partitioned by
   month, and months without a change stay; the rest are copied (docs/decisions/0023). #}

{% materialization incremental, adapter='spark' %}
    {%- set meta = config.get('meta', {}) -%}
    {%- set month_of, notes = meta.get('month_of'), meta.get('notes', {}) -%}
    {%- set rows = rows_with_month(sql, month_of) if month_of else sql -%}
    {%- if not only_changes() and not month_of -%}
        {{ return(materialization_table_spark()) }}
    {%- endif -%}
    {{ run_hooks(pre_hooks) }}
    {%- if not only_changes() or (month_of and not has_months(this)) -%}
        {%- do run_query('drop table if exists ' ~ this) -%}
        {{ make_table_of_months(this, rows) }}
    {%- else -%}
        {%- set is_replaced = keys_changed(meta['replaces']) if 'replaces' in meta else 'false' -%}
        {%- set latest = this ~ '__latest' -%}
        {%- do run_query('create table ' ~ latest ~ ' as ' ~ rows) -%}
        {%- if notes -%}
            {{ note_rows_that_differ(notes, meta.get('told'), latest, is_replaced) }}
        {%- endif -%}
        {%- if month_of -%}
            {{ make_months_anew(latest, is_replaced) }}
        {%- else -%}
            {{ make_table_anew(
                this,
                'select * from ' ~ this ~ ' where not (' ~ is_replaced
                    ~ ') union all select * from ' ~ latest,
            ) }}
        {%- endif -%}
        {%- do run_query('drop table ' ~ latest) -%}
    {%- endif -%}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [this]}) }}
{% endmaterialization %}

{% materialization view, adapter='spark' %}
    {{ return(materialization_table_spark()) }}
{% endmaterialization %}

{# Whether a row has one of the keys by which rows are replaced, all of which are where there are
   none; see `replaces_changed`. #}
{% macro keys_changed(replaces) -%}
    {%- for model, keys in replaces.items() -%}
        exists(
            select 1
            from (
                select
                    {% for column in keys.values() -%}
                        {{ column }} as key_{{ loop.index }}{{ "," if not loop.last }}
                    {%- endfor %}
                from {{ ref(model) }}
            ) as changed
            where
                {% for key in keys -%}
                    changed.key_{{ loop.index }} = {{ key }}{{ " and " if not loop.last }}
                {%- endfor %}
        ){{ " or " if not loop.last }}
    {%- else -%}
        true
    {%- endfor -%}
{%- endmacro %}

{# Note what the model's rows that come, go or say otherwise have in some columns. #}
{% macro note_rows_that_differ(notes, told, latest, is_replaced) -%}
    {%- set other = this ~ '__other' -%}
    {%- set told = columns_told(
        notes, told, run_query('show columns in ' ~ this).columns[0].values()
    ) -%}
    {%- set before = 'select ' ~ told ~ ' from ' ~ this ~ ' where ' ~ is_replaced -%}
    {%- set after = 'select ' ~ told ~ ' from ' ~ latest -%}
    {%- do run_query(
        'create table ' ~ other ~ ' as (' ~ before ~ ' except ' ~ after ~ ') union all ('
            ~ after ~ ' except ' ~ before ~ ')'
    ) -%}
    {%- for model, columns in notes.items() -%}
        {{ make_table_anew(
            ref(model),
            'select * from ' ~ ref(model) ~ ' union select ' ~ columns | join(', ') ~ ' from '
                ~ other ~ ' where ' ~ columns | join(' is not null and ') ~ ' is not null',
        ) }}
    {%- endfor -%}
    {%- do run_query('drop table ' ~ other) -%}
{%- endmacro %}

{# Put these rows in a table's place, with its types. #}
{% macro make_table_anew(relation, rows) -%}
    {%- set anew = relation ~ '__anew' -%}
    {%- do run_query('create table ' ~ anew ~ ' like ' ~ relation ~ ' using parquet') -%}
    {%- call statement('main') -%}
        insert into {{ anew }} {{ rows }}
    {%- endcall -%}
    {%- do run_query('drop table ' ~ relation) -%}
    {%- do run_query('alter table ' ~ anew ~ ' rename to ' ~ relation) -%}
{%- endmacro %}

{# The rows with the month that they lie in; what has no date, or an absurd one, lies in one. #}
{% macro rows_with_month(rows, column) -%}
    select
        *,
        case
            when {{ column }} >= date '1970-01-01' and {{ column }} < date '2100-01-01'
                then left(cast(cast({{ column }} as date) as string), 7)
            else 'none'
        end as _part
    from ({{ rows }})
{%- endmacro %}

{# A table that was empty has none. #}
{% macro has_months(relation) -%}
    {{ return('_part' in run_query('show columns in ' ~ relation).columns[0].values()) }}
{%- endmacro %}

{# A month's rows come together before they are written; one that is large is split again. #}
{% macro make_table_of_months(relation, rows, location='') -%}
    {%- call statement('main') -%}
        create table {{ relation }} using parquet partitioned by (_part) {{ location }} as
        select /*+ rebalance(_part) */ * from ({{ rows }})
    {%- endcall -%}
{%- endmacro %}

{# Put months in the place of those that have a row that is replaced, or a new one. They are
   written where the build's own months of the table belong (see spark_session.py); while
   the table beside it is there, the table is not whole. #}
{% macro make_months_anew(latest, is_replaced) -%}
    {%- set changed = run_query(
        'select _part from ' ~ this ~ ' where ' ~ is_replaced ~ ' union select _part from '
            ~ latest
    ).columns[0].values() -%}
    {%- if changed -%}
        {%- set anew = this ~ '__anew' -%}
        {%- set build = run_query('set spark.sql.warehouse.dir').rows[0][1] -%}
        {{ make_table_of_months(
            anew,
            'select * from ' ~ this ~ ' where _part in (\'' ~ changed | join("', '")
                ~ '\') and not (' ~ is_replaced ~ ') union all select * from ' ~ latest,
            "location '" ~ build ~ '/' ~ this.schema ~ '/' ~ this.identifier ~ "'",
        ) }}
        {%- do run_query('alter table ' ~ this ~ ' drop if exists ' ~ partitions(changed)) -%}
        {%- set made = run_query('show partitions ' ~ anew).columns[0].values() -%}
        {%- if made -%}
            {%- set months = made | map('replace', '_part=', '') | list -%}
            {%- do run_query(
                'alter table ' ~ this ~ ' add ' ~ partitions(months) | replace(',', '')
            ) -%}
        {%- endif -%}
        {%- do run_query('drop table ' ~ anew) -%}
    {%- endif -%}
{%- endmacro %}

{% macro partitions(months) -%}
    {%- for month in months -%}
        partition (_part = '{{ month }}'){{ ", " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

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
