-- What every connector's SQL may call. Money never passes through floating point: DuckDB divides
-- decimals as doubles, so shares and rates are whole numbers until the last step.

-- A number without what spreadsheets put around it: the rules of the staging macro `number_text`.
create temp macro bare_number(value) as regexp_replace(
    trim(value, ' ' || chr(9) || chr(10) || chr(13) || chr(160) || chr(8239)),
    '^[A-Z]{3} ?|[ ]?[A-Z]{3}$|[€$£¥ ]|' || chr(160), '', 'g'
);

create temp macro plain_number(bare, is_comma_file) as case
    when
        regexp_matches(bare, '^[+-]?[0-9]{1,3}(,[0-9]{3})+$')
        and (not is_comma_file or regexp_matches(bare, ',[0-9]{3},'))
        then replace(bare, ',', '')
    when
        regexp_matches(bare, '^[+-]?[0-9]{1,3}([.][0-9]{3})+$')
        and (is_comma_file or regexp_matches(bare, '[.][0-9]{3}[.]'))
        then replace(bare, '.', '')
    when regexp_matches(bare, '^[+-]?[0-9]{1,3}(,[0-9]{3})+[.][0-9]{1,6}$')
        then replace(bare, ',', '')
    when regexp_matches(bare, '^[+-]?[0-9]{1,3}([.][0-9]{3})+,[0-9]{1,6}$')
        then replace(replace(bare, '.', ''), ',', '.')
    when regexp_matches(bare, '^[+-]?[0-9]{1,14}([.,][0-9]+)?$')
        then replace(bare, ',', '.')
end;

-- A number of a file, by that file's decimal mark; NULL where it is none. Call: amount(x, _file).
create temp macro amount(value, file) as try_cast(
    plain_number(bare_number(value), file in (select name from mapped.comma_files))
    as decimal(18, 4)
);

-- Whole cents of an amount, half away from zero.
create temp macro cents(value) as try_cast(
    round(try_cast(value as decimal(18, 4)) * 100, 0) as bigint
);

-- Cents as the text of an amount.
create temp macro money(cents) as cast(cast(cents as decimal(16, 0)) * 0.01 as text);

-- Whole numbers above zero, divided, half up.
create temp macro divided(above, below) as
    (2 * cast(above as hugeint) + below) // (2 * cast(below as hugeint));

-- A text without the white space around it; NULL where there is nothing else.
create temp macro filled(value) as nullif(trim(
    value, ' ' || chr(9) || chr(10) || chr(13) || chr(160) || chr(8239)
), '');

-- Whole cents shared out by weight: everybody gets what is due, rounded down, and the cents that are
-- left go to those who lost most, the earlier place first. `weights` is the sum of `weight` among
-- those who share, and there are never more cents than that.
create temp macro spread(cents, weight, weights, among, place) as
    cast(cents as hugeint) * weight // greatest(weights, 1)
    + case
        when
            row_number() over (
                partition by among
                order by cast(cents as hugeint) * weight % greatest(weights, 1) desc, place
            ) <= cents - sum(cast(cents as hugeint) * weight // greatest(weights, 1)) over (
                partition by among
            )
            then 1
        else 0
    end;
