-- name: indicator_delta_insert :exec
-- in: id:i64 metric:str day:str unit:str procedure_code:str field:str n:i64
INSERT INTO indicator_delta (id, metric, day, unit, procedure_code, field, n) VALUES (:id, :metric, :day, :unit, :procedure_code, :field, :n)

-- name: indicator_deltas :many
-- in: limit_n:i64
-- out: id:i64 metric:str day:str unit:str procedure_code:str field:str n:i64
-- scan: indicator_delta holds only what came since the last fold
SELECT id, metric, day, unit, procedure_code, field, n FROM indicator_delta ORDER BY id LIMIT :limit_n

-- name: indicator_fold :exec
-- in: metric:str day:str unit:str procedure_code:str field:str n:i64 fold:i64
INSERT INTO indicator (metric, day, unit, procedure_code, field, n, fold) VALUES (:metric, :day, :unit, :procedure_code, :field, :n, :fold)
ON CONFLICT (metric, day, unit, procedure_code, field) DO UPDATE SET n = indicator.n + excluded.n, fold = excluded.fold

-- name: indicator_fold_last :one
-- out: fold:i64
SELECT COALESCE(MAX(fold), 0) FROM indicator

-- name: indicator_folded_since :each
-- in: fold:i64
-- out: metric:str day:str unit:str procedure_code:str field:str n:i64
SELECT metric, day, unit, procedure_code, field, n FROM indicator WHERE fold > :fold

-- name: indicator_unfolded :each
-- out: metric:str day:str unit:str procedure_code:str field:str n:i64
-- scan: indicator_delta holds only what came since the last fold
SELECT metric, day, unit, procedure_code, field, n FROM indicator_delta

-- Those with an id up to the last one that this transaction has read.
-- name: indicator_deltas_drop :exec
-- in: id:i64
DELETE FROM indicator_delta WHERE id <= :id

-- name: indicator_sum :one
-- in: metric:str from_day:str to_day:str unit:str procedure_code:str field:str
-- out: n:i64
SELECT
    COALESCE((SELECT SUM(n) FROM indicator WHERE metric = :metric AND day >= :from_day AND day <= :to_day AND (:unit = '' OR unit = :unit)
        AND (:procedure_code = '' OR procedure_code = :procedure_code) AND (:field = '' OR field = :field)), 0)
    + COALESCE((SELECT SUM(n) FROM indicator_delta WHERE metric = :metric AND day >= :from_day AND day <= :to_day AND (:unit = '' OR unit = :unit)
        AND (:procedure_code = '' OR procedure_code = :procedure_code) AND (:field = '' OR field = :field)), 0)

-- name: indicator_by_unit :many
-- in: metric:str from_day:str to_day:str unit:str procedure_code:str field:str limit_n:i64
-- out: key:str n:i64
SELECT unit, SUM(n) FROM (
    SELECT unit, n FROM indicator WHERE metric = :metric AND day >= :from_day AND day <= :to_day AND (:unit = '' OR unit = :unit)
        AND (:procedure_code = '' OR procedure_code = :procedure_code) AND (:field = '' OR field = :field)
    UNION ALL
    SELECT unit, n FROM indicator_delta WHERE metric = :metric AND day >= :from_day AND day <= :to_day AND (:unit = '' OR unit = :unit)
        AND (:procedure_code = '' OR procedure_code = :procedure_code) AND (:field = '' OR field = :field)) AS x
GROUP BY unit ORDER BY unit LIMIT :limit_n

-- name: indicator_by_field :many
-- in: metric:str from_day:str to_day:str unit:str procedure_code:str field:str limit_n:i64
-- out: key:str n:i64
SELECT field, SUM(n) FROM (
    SELECT field, n FROM indicator WHERE metric = :metric AND day >= :from_day AND day <= :to_day AND (:unit = '' OR unit = :unit)
        AND (:procedure_code = '' OR procedure_code = :procedure_code) AND (:field = '' OR field = :field)
    UNION ALL
    SELECT field, n FROM indicator_delta WHERE metric = :metric AND day >= :from_day AND day <= :to_day AND (:unit = '' OR unit = :unit)
        AND (:procedure_code = '' OR procedure_code = :procedure_code) AND (:field = '' OR field = :field)) AS x
GROUP BY field ORDER BY field LIMIT :limit_n

-- name: indicator_by_procedure :many
-- in: metric:str from_day:str to_day:str unit:str procedure_code:str field:str limit_n:i64
-- out: key:str n:i64
SELECT procedure_code, SUM(n) FROM (
    SELECT procedure_code, n FROM indicator WHERE metric = :metric AND day >= :from_day AND day <= :to_day AND (:unit = '' OR unit = :unit)
        AND (:procedure_code = '' OR procedure_code = :procedure_code) AND (:field = '' OR field = :field)
    UNION ALL
    SELECT procedure_code, n FROM indicator_delta WHERE metric = :metric AND day >= :from_day AND day <= :to_day AND (:unit = '' OR unit = :unit)
        AND (:procedure_code = '' OR procedure_code = :procedure_code) AND (:field = '' OR field = :field)) AS x
GROUP BY procedure_code ORDER BY procedure_code LIMIT :limit_n

-- name: indicator_by_day :many
-- in: metric:str from_day:str to_day:str unit:str procedure_code:str field:str limit_n:i64
-- out: key:str n:i64
SELECT day, SUM(n) FROM (
    SELECT day, n FROM indicator WHERE metric = :metric AND day >= :from_day AND day <= :to_day AND (:unit = '' OR unit = :unit)
        AND (:procedure_code = '' OR procedure_code = :procedure_code) AND (:field = '' OR field = :field)
    UNION ALL
    SELECT day, n FROM indicator_delta WHERE metric = :metric AND day >= :from_day AND day <= :to_day AND (:unit = '' OR unit = :unit)
        AND (:procedure_code = '' OR procedure_code = :procedure_code) AND (:field = '' OR field = :field)) AS x
GROUP BY day ORDER BY day LIMIT :limit_n

-- name: indicator_item_insert :exec
-- in: id:i64 metric:str day:str unit:str procedure_code:str field:str subject_id:i64 n:i64
INSERT INTO indicator_item (id, metric, day, unit, procedure_code, field, subject_id, n)
VALUES (:id, :metric, :day, :unit, :procedure_code, :field, :subject_id, :n)

-- name: indicator_stock_get :one
-- in: metric:str subject_id:i64
-- out: unit:str procedure_code:str field:str
SELECT unit, procedure_code, field FROM indicator_stock WHERE metric = :metric AND subject_id = :subject_id

-- name: indicator_stock_put :exec
-- in: metric:str subject_id:i64 unit:str procedure_code:str field:str
INSERT INTO indicator_stock (metric, subject_id, unit, procedure_code, field) VALUES (:metric, :subject_id, :unit, :procedure_code, :field)
ON CONFLICT (metric, subject_id) DO NOTHING

-- name: indicator_stock_drop :exec
-- in: metric:str subject_id:i64
DELETE FROM indicator_stock WHERE metric = :metric AND subject_id = :subject_id

-- name: indicator_stock_in_unit :many
-- in: metric:str unit:str limit_n:i64
-- out: procedure_code:str field:str n:i64
SELECT procedure_code, field, COUNT(*) FROM indicator_stock WHERE metric = :metric AND unit = :unit GROUP BY procedure_code, field ORDER BY procedure_code, field LIMIT :limit_n

-- name: indicator_stock_move :exec
-- in: metric:str from_unit:str to_unit:str
UPDATE indicator_stock SET unit = :to_unit WHERE metric = :metric AND unit = :from_unit

-- Members of one unit (unit = unit_to) or of all: a range, so that the index serves both.
-- name: indicator_stock_count :one
-- in: metric:str unit:str unit_to:str procedure_code:str field:str
-- out: n:i64
SELECT COUNT(*) FROM indicator_stock WHERE metric = :metric AND unit >= :unit AND unit <= :unit_to
    AND (:procedure_code = '' OR procedure_code = :procedure_code) AND (:field = '' OR field = :field)

-- name: indicator_stock_by_unit :many
-- in: metric:str unit:str unit_to:str procedure_code:str field:str limit_n:i64
-- out: key:str n:i64
SELECT unit, COUNT(*) FROM indicator_stock WHERE metric = :metric AND unit >= :unit AND unit <= :unit_to
    AND (:procedure_code = '' OR procedure_code = :procedure_code) AND (:field = '' OR field = :field)
GROUP BY unit ORDER BY unit LIMIT :limit_n

-- name: indicator_stock_by_field :many
-- in: metric:str unit:str unit_to:str procedure_code:str field:str limit_n:i64
-- out: key:str n:i64
SELECT field, COUNT(*) FROM indicator_stock WHERE metric = :metric AND unit >= :unit AND unit <= :unit_to
    AND (:procedure_code = '' OR procedure_code = :procedure_code) AND (:field = '' OR field = :field)
GROUP BY field ORDER BY field LIMIT :limit_n

-- name: indicator_stock_by_procedure :many
-- in: metric:str unit:str unit_to:str procedure_code:str field:str limit_n:i64
-- out: key:str n:i64
SELECT procedure_code, COUNT(*) FROM indicator_stock WHERE metric = :metric AND unit >= :unit AND unit <= :unit_to
    AND (:procedure_code = '' OR procedure_code = :procedure_code) AND (:field = '' OR field = :field)
GROUP BY procedure_code ORDER BY procedure_code LIMIT :limit_n
