{# Invariant: every record of a file is a raw row or a reject of the reader, and every reject
   stands in quarantine. A row is a file that loses or doubles records. #}
with

loads as (

    select * from {{ source('meta', 'loads') }}

),

rejects as (

    select * from {{ source('meta', 'reader_rejects') }}

),

rejects_counted as (

    select
        load_id,
        file,
        count(*) as rejects
    from rejects
    group by load_id, file

)

select
    loads.load_id,
    loads.file,
    loads.records_read,
    loads.rows_loaded,
    loads.rows_rejected,
    rejects_counted.rejects
from loads
left join rejects_counted
    on
        loads.load_id = rejects_counted.load_id
        and loads.file = rejects_counted.file
where
    loads.records_read <> loads.rows_loaded + loads.rows_rejected
    or loads.rows_rejected <> coalesce(rejects_counted.rejects, 0)
