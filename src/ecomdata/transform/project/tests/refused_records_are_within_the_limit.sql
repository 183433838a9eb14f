{# Invariant: of the last load's records, no larger share is refused than max_rejected allows.
   Everything behind staging waits for this test, so that bad files replace nothing.
   A row is the last load with its count of refused records. #}
with

loads as (

    select * from {{ source('meta', 'loads') }}

),

quarantine as (

    select * from {{ ref('quarantine') }}

),

last_load as (

    select
        load_id,
        sum(records_read) as records_read
    from loads
    group by load_id
    order by load_id desc
    limit 1

),

refused as (

    select
        load_id,
        count(*) as records_refused
    from quarantine
    group by load_id

)

select
    last_load.load_id,
    last_load.records_read,
    refused.records_refused
from last_load
inner join refused on last_load.load_id = refused.load_id
where refused.records_refused > {{ var('max_rejected') }} * last_load.records_read
