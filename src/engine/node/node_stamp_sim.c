/* node_stamp_sim.c: the demo's time-stamp authority, a labelled simulator inside the program: it
 * answers RFC 3161 queries as a real one would, with a key of its own in the data folder. Whoever
 * checks its stamps sees by the certificate's name that it proves nothing. Only with --demo. */
#include "crypto/secret_file.h"
#include "crypto/tsa.h"
#include "engine/node/node_int.h"

#define YEARS_US  (INT64_C(10) * 365 * 86400 * DATE_US_PER_S)
#define FILE_MAX  ((size_t)16 << 10)
#define CERT_FILE "/node/mo-phong-dau-thoi-gian.pem"
#define KEY_FILE  "/node/mo-phong-dau-thoi-gian.key.pem"

static struct str
path_of(struct ctx *cx, const char *name)
{
    return str_cat(cx->arena, cx->config->data_dir, str_of(name));
}

static enum err
make(struct ctx *cx)
{
    struct cms_cert_wish wish = { .subject = { .common = STR("MÔ PHỎNG - dấu thời gian thử"),
                                               .org = STR("Bom Bo: simulator, proves nothing") },
                                  .from_us = sys_now_us(cx) - 86400 * DATE_US_PER_S,
                                  .to_us = sys_now_us(cx) + YEARS_US,
                                  .is_stamping = true };
    return node_pair_make(cx, &wish, path_of(cx, KEY_FILE), path_of(cx, CERT_FILE));
}

bool
node_stamp_is_simulated(const struct ctx *cx)
{
    return str_eq(cx->config->node_tsa, STR(NODE_TSA_SIMULATED));
}

enum err
node_stamp_sim_open(struct ctx *cx)
{
    if (!node_stamp_is_simulated(cx)) {
        return ERR_OK;
    }
    if (!cx->config->is_demo) {
        return err_set(cx, ERR_INVALID, "--node-tsa " NODE_TSA_SIMULATED " is for --demo alone");
    }
    return sys_file_exists(cx, path_of(cx, CERT_FILE)) ? ERR_OK : make(cx);
}

enum err
node_stamp_sim_root(struct ctx *cx, struct str *ret_pem)
{
    return sys_file_read(cx, path_of(cx, CERT_FILE), FILE_MAX, ret_pem);
}

enum err
node_stamp_sim_answer(struct ctx *cx, struct str query, struct str *ret)
{
    struct str key;
    struct str cert;
    TRY(secret_file_read(cx, str_z(cx->arena, path_of(cx, KEY_FILE)), &key));
    TRY(node_stamp_sim_root(cx, &cert));
    return tsa_answer(cx, query, key, cert, sys_now_us(cx), ret);
}
