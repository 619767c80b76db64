/* filing_web.c: routes of the citizen's path. */
#include "gen/tpl_filing.h"
#include "office/filing/filing_int.h"

#define UPLOAD_BYTES (48U << 20) /* several photographs at once; one file: PAPER_BYTES_MAX */
#define FORM_BYTES   (512U << 10)
#define CALL_BYTES   (16U << 10)

static const struct web_field start_fields[] = {
    { .name = "xa", .type = WEB_TEXT, .max = 20, .doc = "code of the commune" },
    { .name = "cu",
      .type = WEB_TEXT,
      .max = 80,
      .doc = "a former commune's name, to find today's" },
};
/* As the national portal writes them; it may send more. */
static const struct web_field link_fields[] = {
    { .name = "MaTTHCDP", .type = WEB_TEXT, .max = 60, .doc = "procedure, local variant" },
    { .name = "MaTTHC", .type = WEB_TEXT, .max = 60, .doc = "procedure" },
    { .name = "MaDVC", .type = WEB_TEXT, .max = 60, .doc = "online service" },
    { .name = "MaCoQuanThucHien", .type = WEB_TEXT, .max = 60, .doc = "agency code of the unit" },
    { .name = "", .type = WEB_ANY, .doc = "MDT, vnconnect and others, not used" },
};
static const char *const consents[] = { "present", "paper", "phone", NULL };
static const struct web_field begin_fields[] = {
    { .name = "xa",
      .type = WEB_TEXT,
      .is_required = true,
      .max = 20,
      .label = "filing.unit.choose" },
    { .name = "cho", .type = WEB_TEXT, .max = 24, .doc = "self, p<party>, other" },
    { .name = "nguoi_ten", .type = WEB_TEXT, .max = 80, .label = "filing.other.name" },
    { .name = "nguoi_so", .type = WEB_TEXT, .max = 20, .label = "filing.other.id" },
    { .name = "nguoi_sinh", .type = WEB_DATE, .label = "filing.other.born" },
    { .name = "dong_y", .type = WEB_CHOICE, .choices = consents, .label = "filing.consent" },
    { .name = "dong_y_loi", .type = WEB_LINES, .max = 500, .label = "filing.consent.words" },
};
static const struct web_field page_fields[] = {
    { .name = "a.", .type = WEB_ANY, .doc = "answers by their path" },
    { .name = "v", .type = WEB_TEXT, .max = 64, .doc = "mark of the page as it was shown" },
    { .name = "sau", .type = WEB_BOOL, .doc = "save only, go on later" },
};
static const struct web_field contest_fields[] = {
    { .name = "dung", .type = WEB_TEXT, .is_required = true, .label = "filing.contest.right" },
    { .name = "vi_sao", .type = WEB_LINES, .max = 1000, .label = "filing.contest.why" },
};
static const struct web_field paper_fields[] = {
    { .name = "loai", .type = WEB_TEXT, .is_required = true, .max = 80, .doc = "id of the paper" },
    { .name = "tep", .type = WEB_FILE, .max = PAPER_BYTES_MAX, .doc = "JPEG, PNG, HEIC or PDF" },
};
static const struct web_field reuse_fields[] = {
    { .name = "loai", .type = WEB_TEXT, .is_required = true, .max = 80, .doc = "id of the paper" },
    { .name = "giay", .type = WEB_ID, .is_required = true, .doc = "record in the records store" },
};
static const char *const ways[] = { "counter", "post", "electronic", "", NULL };
static const struct web_field collect_fields[] = {
    { .name = "collect", .type = WEB_CHOICE, .choices = ways, .label = "filing.way" },
    { .name = "post_address", .type = WEB_LINES, .max = 300, .label = "filing.post_address" },
    { .name = "phone", .type = WEB_TEXT, .max = 20, .label = "filing.phone" },
    { .name = "email", .type = WEB_TEXT, .max = 120, .label = "filing.email" },
    { .name = "copies", .type = WEB_INT, .label = "filing.copies" },
};
static const struct web_field submit_fields[] = {
    { .name = "v", .type = WEB_INT, .doc = "version of the draft as it was shown" },
    { .name = "cam_doan", .type = WEB_BOOL, .doc = "the answers are true" },
};
static const struct web_field item_fields[] = {
    { .name = "tep", .type = WEB_FILE, .max = PAPER_BYTES_MAX, .doc = "JPEG, PNG, HEIC or PDF" },
    { .name = "muc", .type = WEB_TEXT, .max = 3, .doc = "place of the item asked for, from 0" },
};
static const struct web_field answer_fields[] = {
    { .name = "loi_nhan", .type = WEB_LINES, .max = 2000, .label = "filing.supplement.words" },
};
static const char *const yes_no[] = { "yes", "no", NULL };
static const struct web_field confirm_fields[] = {
    { .name = "dung",
      .type = WEB_CHOICE,
      .choices = yes_no,
      .is_required = true,
      .label = "filing.confirm.question" },
    { .name = "sua", .type = WEB_LINES, .max = 2000, .label = "filing.confirm.what" },
};
static const struct web_field why_fields[] = {
    { .name = "vi_sao", .type = WEB_LINES, .max = 1000, .label = "filing.withdraw.why" },
};
static const struct web_field rate_fields[] = {
    { .name = "stars", .type = WEB_INT, .is_required = true, .label = "filing.rate.question" },
    { .name = "loi", .type = WEB_LINES, .max = 1000, .label = "filing.rate.words" },
};

#define FILE_PERM "dossier.file"
#define PDF       .flags = WEB_API, .work_class = "pdf", .media = "application/pdf"

static const struct web_route routes[] = {
    { HTTP_GET, "/nop-ho-so", "public", filing_link, WEB_FIELDS(link_fields),
      .flags = (uint32_t)WEB_NO_STORE, .doc = "The national portal's link to a form" },
    { HTTP_GET, "/nop/{code}", "public", filing_start, WEB_FIELDS(start_fields),
      .flags = (uint32_t)WEB_API | (uint32_t)WEB_NO_STORE, .reply = &tpl_filing_start_t,
      .doc = "Begin: for whom and where" },
    { HTTP_POST, "/nop/{code}", FILE_PERM, filing_start_post, WEB_FIELDS(begin_fields),
      .flags = WEB_API, .again = filing_start, .doc = "Begin a draft" },
    { HTTP_GET, "/nhap/{id}", FILE_PERM, filing_tasks, .flags = WEB_API,
      .reply = &tpl_filing_tasks_t, .doc = "Task list of a draft" },
    { HTTP_POST, "/nhap/{id}/bo", FILE_PERM, filing_drop, .flags = WEB_API,
      .doc = "Throw a draft away" },
    { HTTP_GET, "/nhap/{id}/trang/{page}", FILE_PERM, filing_page, .flags = WEB_API,
      .reply = &tpl_filing_page_t, .doc = "One page of the form" },
    { HTTP_POST, "/nhap/{id}/trang/{page}", FILE_PERM, filing_page_post, WEB_FIELDS(page_fields),
      .body_max = FORM_BYTES, .flags = WEB_API, .again = filing_page, .doc = "Save one page" },
    { HTTP_POST, "/nhap/{id}/trang/{page}/luu", FILE_PERM, filing_autosave, WEB_FIELDS(page_fields),
      .body_max = FORM_BYTES, .flags = WEB_API, .media = "application/json",
      .doc = "Keep what is typed, without judging it" },
    { HTTP_POST, "/nhap/{id}/trang/{page}/tra/{lookup}", FILE_PERM, filing_lookup,
      WEB_FIELDS(page_fields), .body_max = FORM_BYTES, .flags = WEB_API, .again = filing_page,
      .work_class = "report", .doc = "Keep the page and look somebody up in another register" },
    { HTTP_GET, "/nop/{code}/mau-don", "public", filing_schema, .flags = WEB_API_ONLY,
      .media = "application/schema+json", .doc = "JSON Schema of a procedure's form" },
    { HTTP_GET, "/nhap/{id}/tra-loi", FILE_PERM, filing_answers, .flags = WEB_API_ONLY,
      .media = "application/json", .doc = "All answers of a draft" },
    { HTTP_POST, "/nhap/{id}/tra-loi", FILE_PERM, filing_answers_post,
      .flags = (uint32_t)WEB_API_ONLY | (uint32_t)WEB_RAW,
      .doc = "Put all answers at once, after the form's JSON Schema" },
    { HTTP_GET, "/nhap/{id}/sai/{path}", FILE_PERM, filing_contest, .flags = WEB_API,
      .reply = &tpl_filing_contest_t, .doc = "A prefilled value is wrong" },
    { HTTP_POST, "/nhap/{id}/sai/{path}", FILE_PERM, filing_contest_post,
      WEB_FIELDS(contest_fields), .flags = WEB_API, .again = filing_contest,
      .doc = "Ask to correct a prefilled value at its source" },
    { HTTP_GET, "/nhap/{id}/giay-to", FILE_PERM, filing_papers, .flags = WEB_API,
      .reply = &tpl_filing_papers_t, .doc = "Papers of a draft" },
    { HTTP_POST, "/nhap/{id}/giay-to", FILE_PERM, filing_papers_post, WEB_FIELDS(paper_fields),
      .body_max = UPLOAD_BYTES, .flags = WEB_API, .again = filing_papers, .doc = "Hand in files" },
    { HTTP_POST, "/nhap/{id}/giay-to/dung-lai", FILE_PERM, filing_paper_reuse,
      WEB_FIELDS(reuse_fields), .flags = WEB_API, .doc = "Use a record the platform holds" },
    { HTTP_GET, "/nhap/{id}/giay-to/{paper}", FILE_PERM, filing_paper_view, .flags = WEB_API,
      .media = "*/*", .doc = "Look at one's own upload" },
    { HTTP_POST, "/nhap/{id}/giay-to/{paper}/bo", FILE_PERM, filing_paper_remove, .flags = WEB_API,
      .doc = "Remove a paper" },
    { HTTP_GET, "/nhap/{id}/nhan", FILE_PERM, filing_collect, .flags = WEB_API,
      .reply = &tpl_filing_collect_t, .doc = "How to get the result" },
    { HTTP_POST, "/nhap/{id}/nhan", FILE_PERM, filing_collect_post, WEB_FIELDS(collect_fields),
      .flags = WEB_API, .again = filing_collect, .doc = "Save how to get the result" },
    { HTTP_GET, "/nhap/{id}/xem-lai", FILE_PERM, filing_check, .flags = WEB_API,
      .reply = &tpl_filing_check_t, .doc = "Check your answers" },
    { HTTP_POST, "/nhap/{id}/nop", FILE_PERM, filing_submit, WEB_FIELDS(submit_fields),
      .flags = WEB_API | WEB_IDEMPOTENT, .again = filing_check, .doc = "Submit the dossier" },
    { HTTP_GET, "/ho-so/{id}", FILE_PERM, filing_own, .flags = WEB_API,
      .reply = &tpl_filing_dossier_t, .doc = "The owner's dossier" },
    { HTTP_GET, "/ho-so/{id}/bien-nhan", FILE_PERM, filing_receipt, .flags = WEB_API,
      .reply = &tpl_filing_receipt_t, .doc = "Receipt" },
    { HTTP_GET, "/ho-so/{id}/bien-nhan.pdf", FILE_PERM, filing_receipt_pdf, PDF,
      .doc = "Receipt as PDF" },
    { HTTP_GET, "/ho-so/{id}/bo-sung", FILE_PERM, filing_supplement, .flags = WEB_API,
      .reply = &tpl_filing_supplement_t, .doc = "What the office asked for" },
    { HTTP_POST, "/ho-so/{id}/bo-sung", FILE_PERM, filing_supplement_post,
      WEB_FIELDS(answer_fields), .flags = WEB_API, .again = filing_supplement,
      .doc = "Answer the request for what is missing" },
    { HTTP_POST, "/ho-so/{id}/bo-sung/tep", FILE_PERM, filing_supplement_file,
      WEB_FIELDS(item_fields), .body_max = UPLOAD_BYTES, .flags = WEB_API,
      .again = filing_supplement, .doc = "Add a file that was asked for" },
    { HTTP_GET, "/ho-so/{id}/xac-nhan", FILE_PERM, filing_confirm, .flags = WEB_API,
      .reply = &tpl_filing_confirm_t, .doc = "Draft certificate to be confirmed" },
    { HTTP_GET, "/ho-so/{id}/xac-nhan.pdf", FILE_PERM, filing_confirm_pdf, PDF,
      .doc = "The draft certificate as PDF" },
    { HTTP_POST, "/ho-so/{id}/xac-nhan", FILE_PERM, filing_confirm_post, WEB_FIELDS(confirm_fields),
      .flags = WEB_API, .again = filing_confirm,
      .doc = "Confirm or correct the draft certificate" },
    { HTTP_GET, "/ho-so/{id}/rut", "dossier.withdraw", filing_withdraw, .flags = WEB_API,
      .reply = &tpl_filing_withdraw_t, .doc = "What withdrawing means" },
    { HTTP_POST, "/ho-so/{id}/rut", "dossier.withdraw", filing_withdraw_post,
      WEB_FIELDS(why_fields), .flags = WEB_API, .again = filing_withdraw,
      .doc = "Withdraw the dossier" },
    { HTTP_GET, "/ho-so/{id}/thanh-toan", "pay.own", filing_pay, .flags = WEB_API,
      .reply = &tpl_filing_pay_t, .doc = "The bill" },
    { HTTP_GET, "/ho-so/{id}/thanh-toan/bien-lai.pdf", "pay.own", filing_pay_receipt, PDF,
      .doc = "Receipt of the paid bill as PDF" },
    { HTTP_GET, "/ho-so/{id}/danh-gia", "dossier.rate", filing_rate, .flags = WEB_API,
      .reply = &tpl_filing_rate_t, .doc = "Rate the service" },
    { HTTP_POST, "/ho-so/{id}/danh-gia", "dossier.rate", filing_rate_post, WEB_FIELDS(rate_fields),
      .flags = WEB_API, .again = filing_rate, .doc = "Save the rating" },
    { HTTP_GET, "/ho-so/{id}/ket-qua/{result}", FILE_PERM, filing_result, PDF,
      .doc = "The signed result" },
    /* No CSRF token: a bank's server calls, and its signature over the body is the proof. */
    { HTTP_POST, "/thanh-toan/ngan-hang", "public", filing_callback, .body_max = CALL_BYTES,
      .flags = WEB_API_ONLY | WEB_NO_CSRF | WEB_RAW, .media = "application/json",
      .doc = "Signed callback of the bank" },
    { HTTP_GET, "/mo-phong/ngan-hang/{code}", "pay.own", filing_bank,
      .flags = (uint32_t)WEB_API | (uint32_t)WEB_NO_STORE, .reply = &tpl_filing_bank_t,
      .doc = "Simulated bank (demo only)" },
    { HTTP_POST, "/mo-phong/ngan-hang/{code}", "pay.own", filing_bank_post, .flags = WEB_API,
      .doc = "Pay at the simulated bank (demo only)" },
};

const struct web_routes filing_routes = { "filing", routes, COUNT_OF(routes) };
