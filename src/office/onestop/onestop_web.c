/* onestop_web.c: fields and routes of the officers' pages. */
#include "office/onestop/onestop.h"

#include "engine/paper/paper.h"
#include "office/onestop/onestop_int.h"

#define PDF_CLASS    "pdf"
#define XLSX         "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#define UPLOAD_BYTES (PAPER_BYTES_MAX + (1U << 20))

static const char *const tabs[] = { "all", "mine", "free", "late", "soon", "waiting", NULL };

static const struct web_field inbox_fields[] = {
    { "vt", WEB_INT, .doc = "number of the position, from 0" },
    { "loc", WEB_CHOICE, .choices = tabs, .doc = "saved filter" },
    { "sau", WEB_TEXT, .max = 60, .doc = "key of the last row seen" },
    { "xem", WEB_ID, .doc = "dossier in the pane beside the list" },
    { "xong", WEB_INT, .doc = "how many were accepted" },
    { "loi", WEB_INT, .doc = "how many were not" },
};
static const struct web_field accept_fields[] = {
    { "vt", WEB_INT, .doc = "number of the position" },
    { "loc", WEB_CHOICE, .choices = tabs, .doc = "filter to come back to" },
    { "viec", WEB_LIST, .doc = "tasks to accept" },
    { "mot", WEB_ID, .doc = "only this task" },
};
static const struct web_field find_fields[] = {
    { "q", WEB_TEXT, .max = 100, .doc = "number, applicant's name or personal ID" },
    WEB_SHEET_FIELD,
};
static const struct web_field case_fields[] = {
    { "giay", WEB_ID, .doc = "paper in the viewer" },
    { "phong", WEB_INT, .doc = "size, 1 to 4" },
    { "xoay", WEB_INT, .doc = "quarter turns" },
};
static const struct web_field paper_fields[] = {
    { "nho", WEB_BOOL, .doc = "a small picture" },
};

#define TASK_FIELDS                                                                                \
    { "version", WEB_INT, .doc = "version of the task as shown; a newer one is a conflict" },      \
    {                                                                                              \
        "luc", WEB_INT, .doc = "when the page was shown, microseconds"                             \
    }

static const struct web_field do_fields[] = {
    TASK_FIELDS,
    { "outcome", WEB_TEXT, .is_required = true, .max = 60, .doc = "one of the step's outcomes" },
    { "note", WEB_LINES, .doc = "reason", .label = "onestop.reason" },
    { "remark", WEB_LINES, .doc = "remark" },
};
static const struct web_field back_fields[] = {
    TASK_FIELDS,
    { "step", WEB_TEXT, .is_required = true, .max = 60, .doc = "earlier step",
      .label = "onestop.back.step" },
    { "back_note", WEB_LINES, .doc = "reason", .label = "onestop.back.reason" },
};
static const struct web_field supplement_fields[] = {
    TASK_FIELDS,
    { "items", WEB_LIST, .doc = "ids of papers that are missing",
      .label = "onestop.supplement.items" },
    { "words", WEB_LINES, .doc = "one's own items, one a line" },
    { "why", WEB_LINES, .doc = "reason of a second request" },
};
static const struct web_field claim_fields[] = { TASK_FIELDS };
static const struct web_field assign_fields[] = {
    TASK_FIELDS,
    { "to", WEB_ID, .doc = "account; absent: back to the pool" },
};
static const struct web_field consult_fields[] = {
    TASK_FIELDS,
    { "unit", WEB_TEXT, .is_required = true, .max = 60, .doc = "unit key",
      .label = "onestop.consult.unit" },
    { "question", WEB_LINES, .doc = "question", .label = "onestop.consult.question" },
    { "until", WEB_DATE, .doc = "last day for the answer; absent: as the process says",
      .label = "onestop.consult.until" },
};
static const struct web_field opinion_fields[] = {
    TASK_FIELDS,
    { "opinion", WEB_LINES, .doc = "answer", .label = "onestop.opinion" },
    { "opinion_file", WEB_FILE, .max = PAPER_BYTES_MAX, .doc = "document of the answer",
      .label = "onestop.opinion.file" },
};
static const struct web_field recall_fields[] = {
    TASK_FIELDS,
    { "recall_reason", WEB_LINES, .doc = "reason", .label = "onestop.recall.reason" },
};
static const struct web_field hand_fields[] = {
    TASK_FIELDS,
    { "to_whom", WEB_TEXT, .max = 120, .doc = "who received it", .label = "onestop.hand.whom" },
    { "id_seen", WEB_TEXT, .max = 40, .doc = "number of the paper shown" },
    { "checked", WEB_BOOL, .doc = "identity was checked", .label = "onestop.hand.checked" },
};
static const struct web_field apology_fields[] = {
    { "reason", WEB_LINES, .doc = "reason", .label = "onestop.apology.reason" },
    { "new_due", WEB_DATE, .is_required = true, .doc = "new date",
      .label = "onestop.apology.date" },
};
static const char *const consent_answers[] = { "given", "refused", NULL };
static const struct web_field consent_fields[] = {
    { "answer", WEB_CHOICE, .is_required = true, .choices = consent_answers, .doc = "the answer" },
    { "words", WEB_TEXT, .max = 300, .doc = "which paper was signed" },
    { "signed", WEB_BOOL, .doc = "identity checked, signed before the officer",
      .label = "onestop.consent.signed" },
};
static const struct web_field result_fields[] = {
    { "f.", WEB_ANY, .doc = "additions to the result by name" },
};
static const struct web_field revoke_fields[] = {
    { "reason", WEB_LINES, .doc = "reason, shown to those who verify",
      .label = "onestop.revoke.reason" },
};
static const struct web_field again_fields[] = {
    { "again_reason", WEB_LINES, .doc = "reason", .label = "onestop.again.reason" },
};
static const struct web_field correct_fields[] = {
    { "reason", WEB_LINES, .doc = "what is wrong, shown to those who verify",
      .label = "onestop.correct.reason" },
};
static const struct web_field correct_sign_fields[] = {
    { "pin", WEB_SECRET, .is_required = true, .max = 64, .doc = "PIN",
      .label = "onestop.sign.pin" },
};
static const struct web_field absences_fields[] = {
    { "don-vi", WEB_TEXT, .max = 60, .doc = "unit key; absent: one's own" },
};
static const struct web_field absence_fields[] = {
    { "unit", WEB_TEXT, .is_required = true, .max = 60, .doc = "unit key" },
    { "who", WEB_ID, .is_required = true, .doc = "officer who is away",
      .label = "onestop.absence.who" },
    { "stand_in", WEB_LIST, .doc = "officers who stand in", .label = "onestop.absence.stand_in" },
    { "from", WEB_DATE, .is_required = true, .doc = "first day", .label = "onestop.absence.from" },
    { "until", WEB_DATE, .is_required = true, .doc = "last day", .label = "onestop.absence.until" },
    { "reason", WEB_TEXT, .is_required = true, .max = 200, .doc = "why",
      .label = "onestop.absence.reason" },
    { "lends", WEB_BOOL, .doc = "positions are lent too", .label = "onestop.absence.lends" },
};
static const struct web_field absence_end_fields[] = {
    { "id", WEB_ID, .is_required = true, .doc = "absence" },
    { "unit", WEB_TEXT, .max = 60, .doc = "unit to come back to" },
};
static const struct web_field sign_list_fields[] = {
    { "viec", WEB_ID, .doc = "task in the preview" },
    { "xong", WEB_INT, .doc = "how many were signed" },
};
static const struct web_field sign_fields[] = {
    { "viec", WEB_LIST, .doc = "tasks to sign", .label = "onestop.sign.tick" },
    { "pin", WEB_SECRET, .is_required = true, .max = 64, .doc = "PIN, once for all",
      .label = "onestop.sign.pin" },
};
static const struct web_field sign_back_fields[] = {
    { "viec", WEB_ID, .is_required = true, .doc = "task" },
    { "note", WEB_LINES, .doc = "reason", .label = "onestop.back.reason" },
};

#define PDF    "application/pdf"
#define CSV    "text/csv"
#define FRAMED (WEB_API | WEB_OFFICE | WEB_FRAMED | WEB_NO_STORE)

static const struct web_route routes[] = {
    { HTTP_GET, "/can-bo/xin-loi", "dossier.apologise", onestop_late, .flags = WEB_API | WEB_OFFICE,
      .doc = "Late dossiers without apology", .reply = &tpl_onestop_late_t },
    { HTTP_GET, "/can-bo", "dossier.read_unit", onestop_inbox, WEB_FIELDS(inbox_fields),
      .flags = WEB_API | WEB_OFFICE, .doc = "Open tasks of a position, by due time",
      .reply = &tpl_onestop_inbox_t },
    { HTTP_GET, "/can-bo/viec.csv", "dossier.read_unit", onestop_inbox_sheet,
      WEB_FIELDS(inbox_fields), .flags = WEB_API | WEB_OFFICE, .work_class = "report", .media = CSV,
      .doc = "The same list as CSV" },
    { HTTP_GET, "/can-bo/viec.xlsx", "dossier.read_unit", onestop_inbox_sheet,
      WEB_FIELDS(inbox_fields), .flags = WEB_API | WEB_OFFICE, .work_class = "report",
      .media = XLSX, .doc = "The same list as XLSX" },
    { HTTP_GET, "/can-bo/song", "dossier.read_unit", onestop_live, WEB_FIELDS(inbox_fields),
      .flags = WEB_API | WEB_OFFICE | WEB_NO_LAYOUT, .media = "text/event-stream",
      .doc = "Live events of the inbox" },
    { HTTP_POST, "/can-bo/tiep-nhan", "dossier.receive", onestop_accept, WEB_FIELDS(accept_fields),
      .flags = WEB_API | WEB_OFFICE, .doc = "Accept one dossier, or many" },
    { HTTP_GET, "/can-bo/tim", "dossier.search", onestop_search, WEB_FIELDS(find_fields),
      .flags = WEB_API | WEB_OFFICE, .doc = "Find dossiers of the unit",
      .reply = &tpl_onestop_find_t },
    { HTTP_GET, "/can-bo/ho-so/{id}", "dossier.read_unit", onestop_case, WEB_FIELDS(case_fields),
      .flags = WEB_API | WEB_OFFICE, .doc = "One dossier; the reading is recorded",
      .reply = &tpl_onestop_dossier_t },
    { HTTP_GET, "/can-bo/giay-to/{paper}", "dossier.read_unit", onestop_paper,
      WEB_FIELDS(paper_fields), .flags = FRAMED, .media = "*/*",
      .doc = "Bytes of a paper; the reading is recorded" },
    { HTTP_GET, "/can-bo/ho-so/{id}/du-thao", "dossier.read_unit", onestop_draft_pdf,
      .flags = FRAMED, .work_class = PDF_CLASS, .media = PDF,
      .doc = "The unsigned result as it would look" },
    { HTTP_GET, "/can-bo/ket-qua/{result}", "dossier.read_unit", onestop_result_pdf,
      .flags = FRAMED, .work_class = PDF_CLASS, .media = PDF, .doc = "A signed result" },
    { HTTP_GET, "/can-bo/ho-so/{id}/in/{form}", "dossier.print", onestop_print, .flags = FRAMED,
      .work_class = PDF_CLASS, .media = PDF, .doc = "A printed form (01 to 05) as PDF" },
    { HTTP_POST, "/can-bo/viec/{task}/xong", "dossier.read_unit", onestop_do, WEB_FIELDS(do_fields),
      .flags = WEB_API | WEB_OFFICE, .again = onestop_task_again,
      .doc = "Do a task with an outcome" },
    { HTTP_POST, "/can-bo/viec/{task}/tra-lai", "dossier.read_unit", onestop_back,
      WEB_FIELDS(back_fields), .flags = WEB_API | WEB_OFFICE, .again = onestop_task_again,
      .doc = "Send a task back to an earlier step" },
    { HTTP_POST, "/can-bo/viec/{task}/bo-sung", "dossier.supplement", onestop_supplement,
      WEB_FIELDS(supplement_fields), .flags = WEB_API | WEB_OFFICE, .again = onestop_task_again,
      .doc = "Ask once for everything missing" },
    { HTTP_POST, "/can-bo/viec/{task}/nhan", "dossier.read_unit", onestop_claim,
      WEB_FIELDS(claim_fields), .flags = WEB_API | WEB_OFFICE, .doc = "Take a free task" },
    { HTTP_POST, "/can-bo/viec/{task}/giao", "dossier.read_unit", onestop_assign,
      WEB_FIELDS(assign_fields), .flags = WEB_API | WEB_OFFICE, .again = onestop_task_again,
      .doc = "Hand a task to a colleague" },
    { HTTP_POST, "/can-bo/viec/{task}/hoi", "dossier.consult", onestop_consult,
      WEB_FIELDS(consult_fields), .flags = WEB_API | WEB_OFFICE, .again = onestop_task_again,
      .doc = "Consult another unit" },
    { HTTP_POST, "/can-bo/viec/{task}/y-kien", "dossier.process", onestop_opinion,
      WEB_FIELDS(opinion_fields), .flags = WEB_API | WEB_OFFICE, .body_max = UPLOAD_BYTES,
      .again = onestop_task_again, .doc = "Answer another unit's question" },
    { HTTP_POST, "/can-bo/viec/{task}/rut-cau-hoi", "dossier.consult", onestop_recall,
      WEB_FIELDS(recall_fields), .flags = WEB_API | WEB_OFFICE, .again = onestop_task_again,
      .doc = "Take a question to another unit back" },
    { HTTP_POST, "/can-bo/viec/{task}/tra", "dossier.return", onestop_hand, WEB_FIELDS(hand_fields),
      .flags = WEB_API | WEB_OFFICE, .again = onestop_task_again, .doc = "Hand over the result" },
    { HTTP_POST, "/can-bo/ho-so/{id}/xin-loi", "dossier.apologise", onestop_apologise,
      WEB_FIELDS(apology_fields), .flags = WEB_API | WEB_OFFICE, .again = onestop_case,
      .doc = "Apologise for delay, with a new date, once" },
    { HTTP_POST, "/can-bo/ho-so/{id}/dong-y/{consent}", "dossier.intake", onestop_consent,
      WEB_FIELDS(consent_fields), .flags = WEB_API | WEB_OFFICE, .again = onestop_case,
      .doc = "Another person of the dossier answers at the counter, against signature" },
    { HTTP_POST, "/can-bo/ho-so/{id}/ket-qua", "dossier.process", onestop_fields,
      WEB_FIELDS(result_fields), .flags = WEB_API | WEB_OFFICE, .again = onestop_case,
      .doc = "Additions to the result before it is signed" },
    { HTTP_POST, "/can-bo/ket-qua/{result}/thu-hoi", "result.revoke", onestop_revoke,
      WEB_FIELDS(revoke_fields), .flags = WEB_API | WEB_OFFICE, .again = onestop_result_again,
      .doc = "Revoke a result" },
    { HTTP_POST, "/can-bo/ket-qua/{result}/sua", "result.revoke", onestop_correct,
      WEB_FIELDS(correct_fields), .flags = WEB_API | WEB_OFFICE, .again = onestop_result_again,
      .doc = "Make a corrected draft of a wrong result" },
    { HTTP_POST, "/can-bo/ket-qua/{result}/ky-lai", "dossier.sign", onestop_correct_sign,
      WEB_FIELDS(correct_sign_fields), .flags = WEB_API | WEB_OFFICE, .work_class = PDF_CLASS,
      .again = onestop_result_again,
      .doc = "Sign the corrected result; the wrong one is revoked and points to it" },
    { HTTP_POST, "/can-bo/ket-qua/{result}/bo-ban-sua", "result.revoke", onestop_correct_drop,
      .flags = WEB_API | WEB_OFFICE, .doc = "Give a correction up" },
    { HTTP_POST, "/can-bo/ho-so/{id}/cho-bo-sung", "dossier.supplement_again", onestop_allow,
      WEB_FIELDS(again_fields), .flags = WEB_API | WEB_OFFICE, .again = onestop_case,
      .doc = "Let the officer ask for papers once more" },
    { HTTP_GET, "/can-bo/vang-mat", "absence.manage", onestop_absences, WEB_FIELDS(absences_fields),
      .flags = WEB_API | WEB_OFFICE, .doc = "Who is away from a unit, and who stands in",
      .reply = &tpl_onestop_absences_t },
    { HTTP_POST, "/can-bo/vang-mat", "absence.manage", onestop_absence_add,
      WEB_FIELDS(absence_fields), .flags = WEB_API | WEB_OFFICE, .again = onestop_absences,
      .doc = "Register an absence: open and coming tasks go to the stand-ins" },
    { HTTP_POST, "/can-bo/vang-mat/het", "absence.manage", onestop_absence_end,
      WEB_FIELDS(absence_end_fields), .flags = WEB_API | WEB_OFFICE,
      .doc = "End an absence now; tasks come back" },
    { HTTP_GET, "/can-bo/ky", "dossier.sign", onestop_sign_list, WEB_FIELDS(sign_list_fields),
      .flags = WEB_API | WEB_OFFICE, .doc = "What waits for a signature",
      .reply = &tpl_onestop_sign_t },
    { HTTP_POST, "/can-bo/ky", "dossier.sign", onestop_sign, WEB_FIELDS(sign_fields),
      .flags = WEB_API | WEB_OFFICE, .work_class = PDF_CLASS, .again = onestop_sign_list,
      .doc = "Sign results with one PIN" },
    { HTTP_POST, "/can-bo/ky/tra-lai", "dossier.sign", onestop_sign_back,
      WEB_FIELDS(sign_back_fields), .flags = WEB_API | WEB_OFFICE, .again = onestop_sign_list,
      .doc = "Send back instead of signing" },
};

const struct web_routes onestop_routes = { "onestop", routes, COUNT_OF(routes) };
