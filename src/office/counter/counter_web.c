/* counter_web.c: fields and routes of the counter. */
#include "office/counter/counter.h"

#include "engine/paper/paper.h"
#include "office/counter/counter_int.h"

#define UPLOAD_BYTES (PAPER_BYTES_MAX + (1U << 20))

#define XLSX "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

static const char *const sexes[] = { "male", "female", NULL };
static const char *const authorities[] = { "law", "letter", NULL };
static const char *const consents[] = { "present", "paper", "phone", NULL };

static const struct web_field people_fields[] = {
    { "q", WEB_TEXT, .max = 100, .doc = "personal ID, tax code or name" },
};
static const struct web_field add_fields[] = {
    { "number", WEB_TEXT, .is_required = true, .max = 12, .doc = "personal ID",
      .label = "counter.number" },
    { "name", WEB_TEXT, .is_required = true, .max = 80, .doc = "full name",
      .label = "counter.name" },
    { "birth", WEB_DATE, .is_required = true, .doc = "date of birth", .label = "counter.birth" },
    { "sex", WEB_CHOICE, .is_required = true, .choices = sexes, .doc = "sex",
      .label = "counter.sex" },
    { "phone", WEB_TEXT, .max = 20, .doc = "phone", .label = "counter.phone" },
    { "address", WEB_TEXT, .max = 200, .doc = "hamlet, street", .label = "counter.address" },
};
static const struct web_field begin_fields[] = {
    { "procedure", WEB_TEXT, .is_required = true, .max = 30, .doc = "code",
      .label = "counter.procedure" },
    { "consent", WEB_CHOICE, .choices = consents, .doc = "how the person agreed",
      .label = "counter.consent" },
    { "agent_name", WEB_TEXT, .max = 80, .doc = "of an organisation: who stands there",
      .label = "counter.agent.name" },
    { "agent_number", WEB_TEXT, .max = 12, .doc = "personal ID of that person",
      .label = "counter.agent.number" },
    { "agent_by", WEB_CHOICE, .choices = authorities, .doc = "by what right",
      .label = "counter.agent.by" },
    { "agent_paper", WEB_TEXT, .max = 200, .doc = "number and date of the paper of authority",
      .label = "counter.agent.paper" },
    { "agent_seen", WEB_BOOL, .doc = "identity and paper were seen",
      .label = "counter.agent.seen" },
};
static const struct web_field account_fields[] = {
    { "checked", WEB_BOOL, .doc = "identity was checked", .label = "counter.checked" },
};
static const struct web_field scan_fields[] = {
    { "requirement", WEB_TEXT, .max = 60, .doc = "required paper it is for" },
    { "file", WEB_FILE, .is_required = true, .max = PAPER_BYTES_MAX, .doc = "picture or PDF" },
};
static const struct web_field answered_fields[] = {
    { "answer", WEB_TEXT, .max = 500, .doc = "what was brought" },
};
static const struct web_field take_fields[] = {
    { "requirement", WEB_TEXT, .max = 60, .doc = "id of the required paper that it is" },
    { "what", WEB_TEXT, .max = 200, .doc = "which original, or its number",
      .label = "counter.what" },
    { "copies", WEB_INT, .doc = "how many" },
};
static const struct web_field give_fields[] = {
    { "giay", WEB_LIST, .doc = "entries of custody" },
    { "to_whom", WEB_TEXT, .max = 120, .doc = "who signed for them", .label = "counter.to_whom" },
    { "given_id", WEB_TEXT, .max = 20, .doc = "number of that person's identity paper",
      .label = "counter.given_id" },
    { "signed", WEB_BOOL, .doc = "the slip was signed" },
};
static const struct web_field unclaimed_fields[] = { WEB_SHEET_FIELD };
static const struct web_field held_fields[] = {
    { "sau", WEB_ID, .doc = "entries after this one" },
};
static const struct web_field cash_fields[] = {
    { "so", WEB_TEXT, .max = 60, .doc = "dossier number" },
    { "ngay", WEB_DATE, .doc = "day of the day book" },
};
static const struct web_field close_fields[] = {
    { "so", WEB_TEXT, .max = 60, .doc = "dossier number, for the page that is shown again" },
    { "ngay", WEB_DATE, .is_required = true, .doc = "day to close" },
    { "dem_duoc", WEB_MONEY, .is_required = true, .doc = "cash that was counted",
      .label = "counter.closing.counted" },
    { "ly_do_lech", WEB_LINES, .max = 500, .doc = "why it differs from the book",
      .label = "counter.closing.reason" },
};
static const struct web_field closings_fields[] = {
    { "truoc", WEB_DATE, .doc = "days before this one" },
};
static const struct web_field org_fields[] = {
    { "tax_code", WEB_TEXT, .is_required = true, .max = 14, .doc = "tax code",
      .label = "counter.org.tax" },
    { "org_name", WEB_TEXT, .is_required = true, .max = 200, .doc = "name as registered",
      .label = "counter.org.name" },
    { "org_address", WEB_TEXT, .max = 200, .doc = "seat", .label = "counter.org.seat" },
    { "org_phone", WEB_TEXT, .max = 20, .doc = "phone", .label = "counter.phone" },
};
static const struct web_field day_fields[] = {
    { "ngay", WEB_DATE, .doc = "day; today when left out" },
};
static const struct web_field void_fields[] = {
    { "so", WEB_TEXT, .max = 60, .doc = "dossier number, for the page that is shown again" },
    { "ngay", WEB_DATE, .doc = "day of the day book" },
    { "ly_do", WEB_TEXT, .max = 300, .doc = "why the receipt is void",
      .label = "counter.void.reason" },
};
static const struct web_field register_fields[] = {
    { "tu", WEB_TEXT, .max = 10, .doc = "first day, 01/11/2026 or 2026-11-01; 30 days ago" },
    { "den", WEB_TEXT, .max = 10, .doc = "last day; today" },
};

static const struct web_route routes[] = {
    { HTTP_GET, "/can-bo/quay", "dossier.intake", counter_start, .flags = WEB_API | WEB_OFFICE,
      .doc = "The counter: who stands there?", .reply = &tpl_counter_start_t },
    { HTTP_GET, "/can-bo/quay/nguoi", "dossier.intake", counter_people, WEB_FIELDS(people_fields),
      .flags = WEB_API | WEB_OFFICE, .doc = "Find a person", .reply = &tpl_counter_people_t },
    { HTTP_POST, "/can-bo/quay/nguoi", "dossier.intake", counter_add, WEB_FIELDS(add_fields),
      .flags = WEB_API | WEB_OFFICE, .again = counter_people, .doc = "Add a person" },
    { HTTP_POST, "/can-bo/quay/to-chuc", "dossier.intake", counter_org_add, WEB_FIELDS(org_fields),
      .flags = WEB_API | WEB_OFFICE, .again = counter_people, .doc = "Add an organisation" },
    { HTTP_GET, "/can-bo/quay/nguoi/{party}", "dossier.intake", counter_person,
      WEB_FIELDS(people_fields), .flags = WEB_API | WEB_OFFICE,
      .doc = "One person; the reading is recorded", .reply = &tpl_counter_person_t },
    { HTTP_POST, "/can-bo/quay/nguoi/{party}/nop", "dossier.intake", counter_begin,
      WEB_FIELDS(begin_fields), .flags = WEB_API | WEB_OFFICE, .again = counter_person,
      .doc = "Begin a dossier on a person's behalf" },
    { HTTP_POST, "/can-bo/quay/nguoi/{party}/tai-khoan", "party.verify", counter_account,
      WEB_FIELDS(account_fields), .flags = WEB_OFFICE | WEB_NO_STORE, .work_class = "password",
      .again = counter_person, .doc = "Open an account, or a new one-time password" },
    { HTTP_POST, "/can-bo/ho-so/{id}/giay-to", "paper.scan", counter_scan, WEB_FIELDS(scan_fields),
      .flags = WEB_API | WEB_OFFICE, .body_max = UPLOAD_BYTES, .doc = "Add a scan to a dossier" },
    { HTTP_POST, "/can-bo/ho-so/{id}/da-bo-sung", "dossier.intake", counter_answered,
      WEB_FIELDS(answered_fields), .flags = WEB_API | WEB_OFFICE,
      .doc = "What was missing was brought to the counter" },
    { HTTP_GET, "/can-bo/quay/giu/{id}", "paper.custody", counter_custody,
      .flags = WEB_API | WEB_OFFICE, .doc = "Originals of a dossier",
      .reply = &tpl_counter_custody_t },
    { HTTP_POST, "/can-bo/quay/giu/{id}", "paper.custody", counter_take, WEB_FIELDS(take_fields),
      .flags = WEB_API | WEB_OFFICE, .again = counter_custody,
      .doc = "Take an original into custody" },
    { HTTP_POST, "/can-bo/quay/giu/{id}/tra", "paper.custody", counter_give,
      WEB_FIELDS(give_fields), .flags = WEB_API | WEB_OFFICE, .again = counter_custody,
      .doc = "Give originals back against signature" },
    { HTTP_GET, "/can-bo/quay/giu/{id}/phieu.pdf", "paper.custody", counter_slip,
      .flags = WEB_API | WEB_OFFICE | WEB_NO_STORE, .work_class = "pdf", .media = "application/pdf",
      .doc = "The slip that both sides sign" },
    { HTTP_GET, "/can-bo/quay/ban-chinh", "paper.custody", counter_held, WEB_FIELDS(held_fields),
      .flags = WEB_API | WEB_OFFICE, .doc = "All originals that the desk holds",
      .reply = &tpl_counter_held_t },
    { HTTP_GET, "/can-bo/quay/chua-nhan", "dossier.return", counter_unclaimed,
      WEB_FIELDS(unclaimed_fields), .flags = WEB_API | WEB_OFFICE, .doc = "Results nobody came for",
      .reply = &tpl_counter_unclaimed_t },
    { HTTP_GET, "/can-bo/quay/so-theo-doi", "dossier.print", counter_register,
      WEB_FIELDS(register_fields), .flags = WEB_API | WEB_OFFICE | WEB_NO_STORE,
      .work_class = "report", .media = "application/pdf", .again = counter_start,
      .doc = "The register of dossiers (form 06) as PDF" },
    { HTTP_GET, "/can-bo/quay/so-theo-doi.csv", "dossier.print", counter_register_sheet,
      WEB_FIELDS(register_fields), .flags = WEB_API | WEB_OFFICE | WEB_NO_STORE,
      .work_class = "report", .media = "text/csv", .again = counter_start,
      .doc = "The register of dossiers (form 06) as CSV" },
    { HTTP_GET, "/can-bo/quay/so-theo-doi.xlsx", "dossier.print", counter_register_sheet,
      WEB_FIELDS(register_fields), .flags = WEB_API | WEB_OFFICE | WEB_NO_STORE,
      .work_class = "report", .media = XLSX, .again = counter_start,
      .doc = "The register of dossiers (form 06) as XLSX" },
    { HTTP_GET, "/can-bo/thu-phi", "pay.collect", counter_cash, WEB_FIELDS(cash_fields),
      .flags = WEB_API | WEB_OFFICE, .doc = "Cash and day book", .reply = &tpl_counter_cash_t },
    { HTTP_GET, "/can-bo/thu-phi/khoa-so", "pay.collect", counter_closings,
      WEB_FIELDS(closings_fields), .flags = WEB_API | WEB_OFFICE, .doc = "Closed days",
      .reply = &tpl_counter_closings_t },
    { HTTP_POST, "/can-bo/thu-phi/khoa-so", "pay.collect", counter_close, WEB_FIELDS(close_fields),
      .flags = WEB_API | WEB_OFFICE, .again = counter_cash, .doc = "Count and close a day's cash" },
    { HTTP_POST, "/can-bo/thu-phi/{bill}", "pay.collect", counter_pay, WEB_FIELDS(cash_fields),
      .flags = WEB_API | WEB_OFFICE, .again = counter_cash, .doc = "Take cash for a bill" },
    { HTTP_POST, "/can-bo/thu-phi/{bill}/huy", "pay.refund", counter_void, WEB_FIELDS(void_fields),
      .flags = WEB_API | WEB_OFFICE, .again = counter_cash,
      .doc = "Declare today's cash receipt of a bill void: the money went back" },
    { HTTP_GET, "/can-bo/thu-phi/{bill}/bien-lai.pdf", "pay.collect", counter_receipt,
      .flags = WEB_API | WEB_OFFICE | WEB_NO_STORE, .work_class = "pdf", .media = "application/pdf",
      .doc = "Receipt of a paid bill as PDF" },
    { HTTP_GET, "/can-bo/thu-phi/so-thu.pdf", "pay.collect", counter_daybook_pdf,
      WEB_FIELDS(day_fields), .flags = WEB_API | WEB_OFFICE | WEB_NO_STORE, .work_class = "report",
      .media = "application/pdf", .doc = "The day book as PDF" },
    { HTTP_GET, "/can-bo/thu-phi/so-thu.csv", "pay.collect", counter_daybook_sheet,
      WEB_FIELDS(day_fields), .flags = WEB_API | WEB_OFFICE | WEB_NO_STORE, .work_class = "report",
      .media = "text/csv", .doc = "The day book as CSV" },
    { HTTP_GET, "/can-bo/thu-phi/so-thu.xlsx", "pay.collect", counter_daybook_sheet,
      WEB_FIELDS(day_fields), .flags = WEB_API | WEB_OFFICE | WEB_NO_STORE, .work_class = "report",
      .media = XLSX, .doc = "The day book as XLSX" },
};

const struct web_routes counter_routes = { "counter", routes, COUNT_OF(routes) };
