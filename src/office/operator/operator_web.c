/* operator_web.c: routes of the operators' pages. */
#include "office/operator/operator.h"

#include "office/operator/operator_int.h"

static const char *const correction_states[] = { "done", "refused", NULL };

static const struct web_field users_fields[] = {
    { .name = "sau", .type = WEB_TEXT, .max = 60, .doc = "login of the last one shown" },
    { .name = "tim", .type = WEB_TEXT, .max = 60, .doc = "part of a name or login" },
    { .name = "don-vi", .type = WEB_TEXT, .max = 60, .doc = "key of a unit" },
    { .name = "vai-tro", .type = WEB_TEXT, .max = 60, .doc = "a role" },
    WEB_SHEET_FIELD,
};
static const struct web_field reset_fields[] = {
    { .name = "checked", .type = WEB_BOOL, .doc = "identity was seen", .label = "operator.reset" },
};
static const struct web_field list_fields[] = { WEB_SHEET_FIELD };
static const struct web_field corrections_fields[] = {
    { .name = "sau", .type = WEB_ID, .doc = "id of the last one shown" },
    { .name = "id", .type = WEB_ID, .doc = "one request, to answer it" },
};
static const struct web_field certs_fields[] = {
    { .name = "sau", .type = WEB_ID, .doc = "id of the last one shown" },
    WEB_SHEET_FIELD,
};
static const struct web_field id_fields[] = {
    { .name = "id", .type = WEB_ID, .is_required = true, .doc = "id" },
};
static const struct web_field new_user_fields[] = {
    { .name = "personal_id",
      .type = WEB_TEXT,
      .is_required = true,
      .max = 12,
      .doc = "personal ID number",
      .label = "operator.col.personal_id" },
    { .name = "name",
      .type = WEB_TEXT,
      .is_required = true,
      .doc = "name",
      .label = "operator.col.name" },
    { .name = "login",
      .type = WEB_TEXT,
      .is_required = true,
      .max = 60,
      .doc = "user name",
      .label = "operator.col.login" },
    { .name = "new_password",
      .type = WEB_SECRET,
      .is_required = true,
      .doc = "first password, changed at the first sign-in",
      .label = "operator.first_password" },
};
static const struct web_field position_fields[] = {
    { .name = "unit",
      .type = WEB_TEXT,
      .is_required = true,
      .max = 60,
      .doc = "unit key",
      .label = "operator.col.unit" },
    { .name = "role",
      .type = WEB_TEXT,
      .is_required = true,
      .max = 60,
      .doc = "role",
      .label = "operator.col.role" },
    { .name = "title", .type = WEB_TEXT, .doc = "title", .label = "operator.col.title" },
    { .name = "from",
      .type = WEB_DATE,
      .is_required = true,
      .doc = "first day",
      .label = "operator.col.from" },
    { .name = "to", .type = WEB_DATE, .doc = "last day", .label = "operator.col.to" },
};
static const struct web_field find_fields[] = {
    { .name = "a", .type = WEB_TEXT, .max = 40, .doc = "number of the record that stays" },
    { .name = "b", .type = WEB_TEXT, .max = 40, .doc = "number of the record that goes" },
    { .name = "keep", .type = WEB_ID, .doc = "record that stays" },
    { .name = "gone", .type = WEB_ID, .doc = "record that goes" },
    { .name = "ten", .type = WEB_TEXT, .max = 100, .doc = "words of the name" },
    { .name = "sinh", .type = WEB_DATE, .doc = "birth date", .label = "operator.col.birth" },
};
static const struct web_field merge_fields[] = {
    { .name = "a", .type = WEB_TEXT, .max = 40, .doc = "unused" },
    { .name = "b", .type = WEB_TEXT, .max = 40, .doc = "unused" },
    { .name = "keep", .type = WEB_ID, .is_required = true, .doc = "record that stays" },
    { .name = "gone", .type = WEB_ID, .is_required = true, .doc = "record that goes" },
};
static const struct web_field correction_fields[] = {
    { .name = "sau", .type = WEB_ID, .doc = "id of the last one shown" },
    { .name = "id",
      .type = WEB_ID,
      .is_required = true,
      .doc = "request",
      .label = "operator.corrections" },
    { .name = "state",
      .type = WEB_CHOICE,
      .is_required = true,
      .choices = correction_states,
      .doc = "answer",
      .label = "operator.col.state" },
    { .name = "value",
      .type = WEB_TEXT,
      .max = 300,
      .doc = "what the record shall say",
      .label = "operator.correction.value" },
    { .name = "answer",
      .type = WEB_TEXT,
      .max = 500,
      .doc = "words to the person",
      .label = "operator.col.answer" },
};
static const struct web_field calendar_fields[] = {
    { .name = "nam", .type = WEB_INT, .doc = "year" },
    { .name = "don-vi", .type = WEB_TEXT, .max = 60, .doc = "unit with a calendar of its own" },
    WEB_SHEET_FIELD,
};
static const char *const day_kinds[] = { "off", "work", "swap", NULL };
static const struct web_field days_fields[] = {
    { .name = "kieu",
      .type = WEB_CHOICE,
      .is_required = true,
      .choices = day_kinds,
      .doc = "off, worked, or off with another day worked instead",
      .label = "operator.days.kind" },
    { .name = "ngay",
      .type = WEB_DATE,
      .is_required = true,
      .doc = "the day",
      .label = "operator.col.day" },
    { .name = "ngay-bu",
      .type = WEB_DATE,
      .doc = "the day worked instead",
      .label = "operator.days.instead" },
    { .name = "cho", .type = WEB_TEXT, .max = 60, .doc = "code of a unit; empty: all" },
    { .name = "ten",
      .type = WEB_TEXT,
      .is_required = true,
      .max = 100,
      .doc = "what the day is called",
      .label = "operator.days.name" },
    { .name = "ly-do",
      .type = WEB_TEXT,
      .is_required = true,
      .max = 300,
      .doc = "decision or cause",
      .label = "operator.days.reason" },
};
static const struct web_field publish_fields[] = {
    { .name = "version", .type = WEB_TEXT, .max = 40, .doc = "the version that was looked at" },
    { .name = "reason",
      .type = WEB_TEXT,
      .max = 300,
      .doc = "why",
      .label = "operator.col.reason" },
};
static const struct web_field return_fields[] = {
    { .name = "reason",
      .type = WEB_TEXT,
      .is_required = true,
      .max = 300,
      .doc = "why",
      .label = "operator.col.reason" },
};
static const struct web_field today_fields[] = {
    { .name = "today", .type = WEB_DATE, .doc = "business date; empty: real date" },
};
static const struct web_field units_fields[] = {
    WEB_SHEET_FIELD,
    { .name = "from", .type = WEB_TEXT, .max = 60, .doc = "unit that ends" },
    { .name = "to", .type = WEB_TEXT, .max = 60, .doc = "its successor" },
};
static const struct web_field move_fields[] = {
    { .name = "from", .type = WEB_TEXT, .is_required = true, .max = 60, .doc = "unit that ends" },
    { .name = "to", .type = WEB_TEXT, .is_required = true, .max = 60, .doc = "its successor" },
};
static const struct web_field ledger_fields[] = {
    { .name = "doi-tuong", .type = WEB_TEXT, .max = 60, .doc = "object, dossier:123" },
    { .name = "truoc", .type = WEB_ID, .doc = "entries before this one" },
    WEB_SHEET_FIELD,
};

#define PAGE .flags = (WEB_API | WEB_OFFICE), .reply = &tpl_operator_page_t
#define ACT  .flags = (WEB_API | WEB_OFFICE)

static const struct web_route routes[] = {
    { HTTP_GET, "/quan-tri", "monitor.read", op_home, PAGE, .doc = "Health as sentences" },
    { HTTP_GET, "/quan-tri/suc-khoe", "monitor.read", op_health, .flags = WEB_API | WEB_OFFICE,
      .reply = &tpl_operator_health_t, .doc = "How the program is doing: checks, charts, figures" },
    { HTTP_GET, "/quan-tri/nguoi-dung", "user.manage", op_users, WEB_FIELDS(users_fields), PAGE,
      .doc = "Officers" },
    { HTTP_POST, "/quan-tri/nguoi-dung", "user.manage", op_user_new, WEB_FIELDS(new_user_fields),
      ACT, .work_class = "password", .again = op_user_form, .doc = "Open an officer's account" },
    { HTTP_GET, "/quan-tri/nguoi-dung/moi", "user.manage", op_user_form, PAGE,
      .doc = "Form for an officer's account" },
    { HTTP_GET, "/quan-tri/nguoi-dung/{id}", "user.manage", op_user, PAGE, .doc = "An officer" },
    { HTTP_POST, "/quan-tri/nguoi-dung/{id}/mat-khau", "user.manage", op_user_reset,
      WEB_FIELDS(reset_fields), .flags = WEB_OFFICE, .work_class = "password", .again = op_user,
      .doc = "Give an officer a one-time password, second factor off, sessions ended" },
    { HTTP_POST, "/quan-tri/nguoi-dung/{id}/khoa-lai", "user.manage", op_user_lock, ACT,
      .doc = "Lock an account" },
    { HTTP_POST, "/quan-tri/nguoi-dung/{id}/mo", "user.manage", op_user_unlock, ACT,
      .doc = "Unlock an account" },
    { HTTP_POST, "/quan-tri/nguoi-dung/{id}/vi-tri", "user.manage", op_position_add,
      WEB_FIELDS(position_fields), ACT, .again = op_user, .doc = "Give a position" },
    { HTTP_POST, "/quan-tri/vi-tri/ket-thuc", "user.manage", op_position_end, WEB_FIELDS(id_fields),
      ACT, .doc = "End a position today" },
    { HTTP_POST, "/quan-tri/nguoi-dung/{id}/khoa", "token.manage", op_token_revoke,
      WEB_FIELDS(id_fields), ACT, .doc = "Revoke a token" },
    { HTTP_GET, "/quan-tri/vai-tro", "user.manage", op_roles, WEB_FIELDS(list_fields), PAGE,
      .doc = "Roles of the pack" },
    { HTTP_GET, "/quan-tri/vai-tro/{role}", "user.manage", op_role, PAGE,
      .doc = "A role: what it may do, who holds it" },
    { HTTP_GET, "/quan-tri/hang-doi", "monitor.read", op_queues, WEB_FIELDS(list_fields), PAGE,
      .doc = "Queues of messages and jobs" },
    { HTTP_POST, "/quan-tri/hang-doi/gui-lai", "monitor.read", op_notice_again,
      WEB_FIELDS(id_fields), ACT, .doc = "Send a failed message again" },
    { HTTP_POST, "/quan-tri/hang-doi/thu-lai", "monitor.read", op_dead_retry, WEB_FIELDS(id_fields),
      ACT, .doc = "Try a dead entry again" },
    { HTTP_POST, "/quan-tri/hang-doi/bo", "monitor.read", op_dead_discard, WEB_FIELDS(id_fields),
      ACT, .doc = "Give a dead entry up" },
    { HTTP_GET, "/quan-tri/gop-nguoi", "party.merge", op_merge, WEB_FIELDS(find_fields), PAGE,
      .work_class = "report", .doc = "Find and choose two records of one person" },
    { HTTP_POST, "/quan-tri/gop-nguoi/xem", "party.merge", op_merge, WEB_FIELDS(find_fields), PAGE,
      .doc = "Preview of a merge" },
    { HTTP_POST, "/quan-tri/gop-nguoi", "party.merge", op_merge_do, WEB_FIELDS(merge_fields), ACT,
      .again = op_merge, .doc = "Merge two records" },
    { HTTP_GET, "/quan-tri/sua-thong-tin", "party.merge", op_corrections,
      WEB_FIELDS(corrections_fields), PAGE, .doc = "Requests for correction" },
    { HTTP_POST, "/quan-tri/sua-thong-tin", "party.merge", op_correction_answer,
      WEB_FIELDS(correction_fields), ACT, .again = op_corrections,
      .doc = "Answer a request for correction" },
    { HTTP_GET, "/quan-tri/lich", "calendar.manage", op_calendar, WEB_FIELDS(calendar_fields), PAGE,
      .doc = "Calendar and business date" },
    { HTTP_POST, "/quan-tri/lich", "calendar.manage", op_today_set, WEB_FIELDS(today_fields), ACT,
      .again = op_calendar, .doc = "Set the demo's business date" },
    { HTTP_POST, "/quan-tri/lich/xem", "calendar.manage", op_days_look, WEB_FIELDS(days_fields),
      PAGE, .again = op_calendar, .doc = "A day to be set: the appointments it touches" },
    { HTTP_POST, "/quan-tri/lich/ngay", "calendar.manage", op_days_set, WEB_FIELDS(days_fields),
      ACT, .again = op_calendar, .doc = "Set a day off or a day worked" },
    { HTTP_POST, "/quan-tri/lich/bo", "calendar.manage", op_days_undo, WEB_FIELDS(id_fields), ACT,
      .doc = "Undo a day that was set" },
    { HTTP_GET, "/quan-tri/goi-noi-dung", "pack.manage", op_packs, PAGE, .work_class = "report",
      .doc = "Versions of the content pack" },
    { HTTP_POST, "/quan-tri/goi-noi-dung/kiem-tra", "pack.manage", op_pack_check, PAGE,
      .work_class = "report", .doc = "Check the folder: its faults, or what it would change" },
    { HTTP_POST, "/quan-tri/goi-noi-dung", "pack.manage", op_pack_publish,
      WEB_FIELDS(publish_fields), ACT, .work_class = "report", .again = op_packs,
      .doc = "Put the folder's version in force" },
    { HTTP_GET, "/quan-tri/goi-noi-dung/{version}", "pack.manage", op_pack, PAGE,
      .work_class = "report", .doc = "A version: its dossiers, and what going back would change" },
    { HTTP_POST, "/quan-tri/goi-noi-dung/{version}/quay-lai", "pack.manage", op_pack_return,
      WEB_FIELDS(return_fields), ACT, .work_class = "report", .again = op_pack,
      .doc = "Put an earlier version in force again" },
    { HTTP_GET, "/quan-tri/chung-thu", "user.manage", op_certs, WEB_FIELDS(certs_fields), PAGE,
      .doc = "Register of certificates" },
    { HTTP_POST, "/quan-tri/chung-thu/thu-hoi", "user.manage", op_cert_revoke,
      WEB_FIELDS(id_fields), ACT, .doc = "Revoke a certificate" },
    { HTTP_GET, "/quan-tri/don-vi", "unit.manage", op_units, WEB_FIELDS(units_fields), PAGE,
      .doc = "Reorganisation: choose and preview" },
    { HTTP_POST, "/quan-tri/don-vi", "unit.manage", op_unit_move, WEB_FIELDS(move_fields), ACT,
      .again = op_units, .doc = "Move a unit's work to its successor" },
    { HTTP_GET, "/quan-tri/nhat-ky", "ledger.read", op_ledger, WEB_FIELDS(ledger_fields), PAGE,
      .doc = "The ledger" },
    { HTTP_POST, "/quan-tri/nhat-ky", "ledger.verify", op_ledger_verify, PAGE,
      .work_class = "report", .doc = "Verify the whole ledger" },
};

const struct web_routes operator_routes = { "operator", routes, COUNT_OF(routes) };
