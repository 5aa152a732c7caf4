"""The words by which a lead is found.

In the public schema because every broker's table uses it: a generated column's function must have one name.
"""

from django.db import migrations

CREATE = r"""
CREATE FUNCTION public.lead_search_words(first_name text, last_name text, email text, company text, phone text)
RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    -- Written out, not parsed: an address or a number is found by any of its parts, and a phone by its end, which the
    -- reversed number with an r before it begins with.
    SELECT array_to_tsvector(array_remove(
        regexp_split_to_array(
            lower(regexp_replace(normalize(
                coalesce(first_name, '') || ' ' || coalesce(last_name, '') || ' ' || coalesce(email, '') || ' '
                || coalesce(company, ''), NFKD), '[\u0300-\u036f]+', '', 'g')),
            '[^[:alnum:]]+')
        || regexp_replace(coalesce(phone, ''), '\D', '', 'g')
        || CASE WHEN phone ~ '\d' THEN 'r' || reverse(regexp_replace(phone, '\D', '', 'g')) ELSE '' END,
        ''))
$$
"""
DROP = "DROP FUNCTION public.lead_search_words(text, text, text, text, text)"


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, DROP)]
