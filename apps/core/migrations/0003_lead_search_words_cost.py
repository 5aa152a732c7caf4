"""The same words, in a language that the planner does not unfold: unfolded, it takes the work of spelling them for
nothing, and walks a million rows where the index has the answer. Measured: 8 µs for each row.
"""

from django.db import migrations

BODY = r"""
    array_to_tsvector(array_remove(
        regexp_split_to_array(
            lower(regexp_replace(normalize(
                coalesce(first_name, '') || ' ' || coalesce(last_name, '') || ' ' || coalesce(email, '') || ' '
                || coalesce(company, ''), NFKD), '[\u0300-\u036f]+', '', 'g')),
            '[^[:alnum:]]+')
        || regexp_replace(coalesce(phone, ''), '\D', '', 'g')
        || CASE WHEN phone ~ '\d' THEN 'r' || reverse(regexp_replace(phone, '\D', '', 'g')) ELSE '' END,
        ''))
"""
HEAD = "CREATE OR REPLACE FUNCTION public.lead_search_words(first_name text, last_name text, email text, company text, phone text)"
COSTLY = f"{HEAD} RETURNS tsvector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 400 AS $$ BEGIN RETURN {BODY}; END $$"
UNFOLDED = f"{HEAD} RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 100 AS $$ SELECT {BODY} $$"


class Migration(migrations.Migration):
    dependencies = [("core", "0002_lead_search_words")]
    operations = [migrations.RunSQL(COSTLY, UNFOLDED)]
