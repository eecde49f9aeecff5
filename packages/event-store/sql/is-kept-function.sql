-- False where a value holds U+0000 or half a surrogate pair, which json lets in and nothing can take out again.
create function headwater.is_kept(value json) returns boolean language plpgsql immutable as $$
begin
  perform value::jsonb;
  return true;
exception when data_exception or untranslatable_character then
  return false;
end
$$
