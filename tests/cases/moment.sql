CREATE TABLE public.moment (no int PRIMARY KEY, at timestamptz, long interval, raw bytea, part float8, day date, price money, doc xml);
